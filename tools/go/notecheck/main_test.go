package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const size = 7

// sample writes what check reads, made with the library itself.
func sample(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	l := new(log)
	var leaves strings.Builder
	for i := 0; i < size; i++ {
		leaf := []byte{0x82, byte(i), 0x40}
		fmt.Fprintln(&leaves, hex.EncodeToString(leaf))
		must(t, l.append(leaf))
	}
	root, err := l.root(size)
	must(t, err)
	skey, vkey, err := note.GenerateKey(rand.Reader, "example.org/l/0")
	must(t, err)
	signer, err := note.NewSigner(skey)
	must(t, err)
	text := fmt.Sprintf("example.org/l/0\n%d\n%v\n", size, root)
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	must(t, err)
	inclusion := []map[string]interface{}{}
	consistency := []map[string]interface{}{}
	for n := int64(1); n <= size; n++ {
		p, err := tlog.ProveRecord(n, n-1, l)
		must(t, err)
		inclusion = append(inclusion, map[string]interface{}{"index": n - 1, "size": n, "hashes": inHex(p)})
		c, err := tlog.ProveTree(size, n, l)
		must(t, err)
		consistency = append(consistency, map[string]interface{}{"old": n, "new": size, "hashes": inHex(c)})
	}
	held, err := json.Marshal(map[string]interface{}{"size": size, "inclusion": inclusion, "consistency": consistency})
	must(t, err)
	put(t, dir, "checkpoint.txt", string(signed))
	put(t, dir, "vkey.txt", vkey+"\nexample.org/l/0+00000000+Bg==\n")
	put(t, dir, "leaves.hex", leaves.String())
	put(t, dir, "proofs.json", string(held))
	return dir
}

func TestSampleIsVerified(t *testing.T) {
	said, err := check(sample(t))
	must(t, err)
	if !strings.Contains(said, "7 inclusion and 7 consistency") {
		t.Error(said)
	}
}

func TestAlteredSampleIsRefused(t *testing.T) {
	for _, c := range []struct{ file, from, to string }{
		{"checkpoint.txt", "\n7\n", "\n6\n"},
		{"vkey.txt", "example.org/l/0", "example.org/l/1"},
		{"leaves.hex", "820340", "820440"},
		{"leaves.hex", "820640\n", ""},
		{"leaves.hex", "820640\n", "820640\n820740\n"},
		{"proofs.json", `"size":7}`, `"size":6}`},
		{"proofs.json", `"index":6`, `"index":5`},
		{"proofs.json", `"old":3`, `"old":2`},
		{"proofs.json", `"inclusion":[`, `"inclusion":[],"other":[`},
	} {
		dir := sample(t)
		data, err := os.ReadFile(filepath.Join(dir, c.file))
		must(t, err)
		altered := strings.Replace(string(data), c.from, c.to, 1)
		if altered == string(data) {
			t.Fatalf("%s does not hold %q", c.file, c.from)
		}
		put(t, dir, c.file, altered)
		if said, err := check(dir); err == nil {
			t.Errorf("%s: %q as %q was accepted: %s", c.file, c.from, c.to, said)
		}
	}
}

func TestMissingFileIsRefused(t *testing.T) {
	for _, name := range []string{"checkpoint.txt", "vkey.txt", "leaves.hex", "proofs.json"} {
		dir := sample(t)
		must(t, os.Remove(filepath.Join(dir, name)))
		if _, err := check(dir); err == nil {
			t.Errorf("accepted without %s", name)
		}
	}
}

func inHex(hashes []tlog.Hash) []string {
	rows := []string{}
	for _, hash := range hashes {
		rows = append(rows, hex.EncodeToString(hash[:]))
	}
	return rows
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
