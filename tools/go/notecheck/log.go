package main

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// log holds the leaves' hashes and all hashes above them as tlog stores them.
type log struct {
	leaves []tlog.Hash
	stored []tlog.Hash
}

// ReadHashes implements tlog.HashReader.
func (l *log) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(l.stored)) {
			return nil, fmt.Errorf("no stored hash %d", index)
		}
		hashes[i] = l.stored[index]
	}
	return hashes, nil
}

func readLog(path string) (*log, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	l := new(log)
	for i, row := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		leaf, err := hex.DecodeString(row)
		if err != nil || len(leaf) == 0 {
			return nil, fmt.Errorf("leaves.hex:%d: not the hexadecimal bytes of a leaf", i+1)
		}
		if err := l.append(leaf); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *log) append(leaf []byte) error {
	more, err := tlog.StoredHashes(l.size(), leaf, l)
	if err != nil {
		return err
	}
	l.leaves = append(l.leaves, tlog.RecordHash(leaf))
	l.stored = append(l.stored, more...)
	return nil
}

func (l *log) size() int64 { return int64(len(l.leaves)) }

// root returns the RFC 6962 root of the log's first n leaves.
func (l *log) root(n int64) (tlog.Hash, error) {
	if n < 1 || n > l.size() {
		return tlog.Hash{}, fmt.Errorf("there is no tree of size %d", n)
	}
	return tlog.TreeHash(n, l)
}

func (l *log) checkInclusion(held *proofs) error {
	for i, p := range held.Inclusion {
		hashes, err := parseHashes(p.Hashes)
		if err != nil {
			return fmt.Errorf("inclusion proof %d: %w", i, err)
		}
		root, err := l.root(p.Size)
		if err != nil {
			return fmt.Errorf("inclusion proof %d: %w", i, err)
		}
		if p.Index < 0 || p.Index >= p.Size {
			return fmt.Errorf("inclusion proof %d: no leaf %d in size %d", i, p.Index, p.Size)
		}
		leaf := l.leaves[p.Index]
		if err := tlog.CheckRecord(hashes, p.Size, root, p.Index, leaf); err != nil {
			return fmt.Errorf("inclusion proof %d: %w", i, err)
		}
		leaf[0] ^= 1
		if tlog.CheckRecord(hashes, p.Size, root, p.Index, leaf) == nil {
			return fmt.Errorf("inclusion proof %d: another leaf was accepted", i)
		}
	}
	return nil
}

func (l *log) checkConsistency(held *proofs) error {
	for i, p := range held.Consistency {
		hashes, err := parseHashes(p.Hashes)
		if err != nil {
			return fmt.Errorf("consistency proof %d: %w", i, err)
		}
		before, err := l.root(p.Old)
		if err != nil {
			return fmt.Errorf("consistency proof %d: %w", i, err)
		}
		after, err := l.root(p.New)
		if err != nil {
			return fmt.Errorf("consistency proof %d: %w", i, err)
		}
		if p.Old > p.New {
			return fmt.Errorf("consistency proof %d: from %d back to %d", i, p.Old, p.New)
		}
		if err := tlog.CheckTree(hashes, p.New, after, p.Old, before); err != nil {
			return fmt.Errorf("consistency proof %d: %w", i, err)
		}
		before[0] ^= 1
		if tlog.CheckTree(hashes, p.New, after, p.Old, before) == nil {
			return fmt.Errorf("consistency proof %d: another history was accepted", i)
		}
	}
	return nil
}
