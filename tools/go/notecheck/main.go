// Command notecheck checks Khatt's checkpoint, log and proofs with golang.org/x/mod.
//
// Usage: notecheck [DIR]        DIR defaults to target/interop
//
// It reads checkpoint.txt, vkey.txt, leaves.hex and proofs.json, whose formats tools/README.md
// describes. It builds with Debian's packages in GOPATH mode and needs nothing else.
package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	dir := filepath.Join("target", "interop")
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	said, err := check(dir)
	if err != nil {
		fmt.Fprintf(os.Stderr, "notecheck: %s: %v\n", dir, err)
		os.Exit(1)
	}
	fmt.Println("notecheck:", said)
}

// proofs is the content of proofs.json.
type proofs struct {
	Size      int64 `json:"size"`
	Inclusion []struct {
		Index  int64    `json:"index"`
		Size   int64    `json:"size"`
		Hashes []string `json:"hashes"`
	} `json:"inclusion"`
	Consistency []struct {
		Old    int64    `json:"old"`
		New    int64    `json:"new"`
		Hashes []string `json:"hashes"`
	} `json:"consistency"`
}

// check verifies everything in dir and says in one row what it verified.
func check(dir string) (string, error) {
	tree, signatures, err := openCheckpoint(dir)
	if err != nil {
		return "", err
	}
	log, err := readLog(filepath.Join(dir, "leaves.hex"))
	if err != nil {
		return "", err
	}
	if log.size() != tree.N {
		return "", fmt.Errorf("the checkpoint is of size %d, leaves.hex has %d rows", tree.N, log.size())
	}
	root, err := log.root(tree.N)
	if err != nil {
		return "", err
	}
	if root != tree.Hash {
		return "", fmt.Errorf("the root of the leaves is %v, the checkpoint says %v", root, tree.Hash)
	}
	held, err := readProofs(filepath.Join(dir, "proofs.json"))
	if err != nil {
		return "", err
	}
	if held.Size != tree.N {
		return "", fmt.Errorf("proofs.json is of size %d, the checkpoint of size %d", held.Size, tree.N)
	}
	if err := log.checkInclusion(held); err != nil {
		return "", err
	}
	if err := log.checkConsistency(held); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d signature(s), root of %d leaves, %d inclusion and %d consistency proofs verified",
		signatures, tree.N, len(held.Inclusion), len(held.Consistency)), nil
}

// openCheckpoint verifies the note and returns the size and root that it signs.
func openCheckpoint(dir string) (tlog.Tree, int, error) {
	var tree tlog.Tree
	vkeys, err := os.ReadFile(filepath.Join(dir, "vkey.txt"))
	if err != nil {
		return tree, 0, err
	}
	var known []note.Verifier
	for i, row := range strings.Split(strings.TrimSuffix(string(vkeys), "\n"), "\n") {
		verifier, err := note.NewVerifier(row)
		if err != nil {
			// This version of the library knows Ed25519 only; later kinds follow it in the file.
			fmt.Fprintf(os.Stderr, "notecheck: vkey.txt:%d passed over: %v\n", i+1, err)
			continue
		}
		known = append(known, verifier)
	}
	if len(known) == 0 {
		return tree, 0, errors.New("vkey.txt has no Ed25519 key")
	}
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoint.txt"))
	if err != nil {
		return tree, 0, err
	}
	opened, err := note.Open(signed, note.VerifierList(known...))
	if err != nil {
		return tree, 0, fmt.Errorf("the note: %w", err)
	}
	altered := bytes.Replace(signed, []byte("\n"), []byte("\n1"), 1)
	if _, err := note.Open(altered, note.VerifierList(known...)); err == nil {
		return tree, 0, errors.New("a note with another size was accepted")
	}
	origin, tree, err := parseCheckpoint(opened.Text)
	if err != nil {
		return tree, 0, err
	}
	for _, signature := range opened.Sigs {
		if signature.Name != origin {
			return tree, 0, fmt.Errorf("signed by %q, the origin is %q", signature.Name, origin)
		}
	}
	return tree, len(opened.Sigs), nil
}

// parseCheckpoint reads origin, size and root; Khatt's checkpoints have no rows beyond them.
func parseCheckpoint(text string) (string, tlog.Tree, error) {
	rows := strings.Split(text, "\n")
	if len(rows) != 4 || rows[0] == "" || rows[3] != "" {
		return "", tlog.Tree{}, errors.New("the note is not three rows: origin, size, root")
	}
	size, err := strconv.ParseInt(rows[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != rows[1] || size < 1 {
		return "", tlog.Tree{}, fmt.Errorf("%q is no size", rows[1])
	}
	root, err := tlog.ParseHash(rows[2])
	if err != nil {
		return "", tlog.Tree{}, err
	}
	return rows[0], tlog.Tree{N: size, Hash: root}, nil
}

func readProofs(path string) (*proofs, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var held proofs
	if err := decoder.Decode(&held); err != nil {
		return nil, fmt.Errorf("proofs.json: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, errors.New("proofs.json: something follows the object")
	}
	if len(held.Inclusion) == 0 || len(held.Consistency) == 0 {
		return nil, errors.New("proofs.json lacks a proof of one kind")
	}
	return &held, nil
}

func parseHashes(rows []string) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(rows))
	for i, row := range rows {
		data, err := hex.DecodeString(row)
		if err != nil || len(data) != tlog.HashSize {
			return nil, fmt.Errorf("hash %d is not 64 hexadecimal digits", i)
		}
		copy(hashes[i][:], data)
	}
	return hashes, nil
}
