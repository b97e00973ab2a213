// Verifies a log directory (C2SP tlog-tiles) with golang.org/x/mod/sumdb and nothing else.
//
// Usage: verify DIR VERIFIER-KEY [OLD-CHECKPOINT]
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type dir string

func (d dir) Height() int                     { return 8 }
func (d dir) SaveTiles([]tlog.Tile, [][]byte) {}

func number(n int64) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	return s
}

func (d dir) file(kind string, n int64, width int) ([]byte, error) {
	path := filepath.Join(string(d), "tile", kind, number(n))
	if width < 256 {
		path += ".p/" + strconv.Itoa(width)
	}
	return os.ReadFile(path)
}

func (d dir) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, t := range tiles {
		data, err := d.file(strconv.Itoa(t.L), t.N, t.W)
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

func open(path string, verifier note.Verifier) (tlog.Tree, error) {
	var t tlog.Tree
	text, err := os.ReadFile(path)
	if err != nil {
		return t, err
	}
	n, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return t, err
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != verifier.Name() {
		return t, fmt.Errorf("%s: not a checkpoint of three lines", path)
	}
	if t.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return t, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	copy(t.Hash[:], root)
	return t, err
}

// All hashes that tlog would store, made from the entries alone.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range indexes {
		out = append(out, s[i])
	}
	return out, nil
}

func rebuild(d dir, size int64) (stored, error) {
	var s stored
	for first := int64(0); first < size; first += 256 {
		width := int(min(size-first, 256))
		data, err := d.file("entries", first/256, width)
		if err != nil {
			return nil, err
		}
		for i := 0; i < width; i++ {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("bundle %d is cut short", first/256)
			}
			n := int(binary.BigEndian.Uint16(data))
			more, err := tlog.StoredHashes(first+int64(i), data[2:2+n], s)
			if err != nil {
				return nil, err
			}
			s = append(s, more...)
			data = data[2+n:]
		}
		if len(data) > 0 {
			return nil, fmt.Errorf("bundle %d is too long", first/256)
		}
	}
	return s, nil
}

func verify() error {
	d := dir(os.Args[1])
	verifier, err := note.NewVerifier(os.Args[2])
	if err != nil {
		return err
	}
	tree, err := open(filepath.Join(string(d), "checkpoint"), verifier)
	if err != nil {
		return err
	}
	s, err := rebuild(d, tree.N)
	if err != nil {
		return err
	}
	root, err := tlog.TreeHash(tree.N, s)
	if err != nil || root != tree.Hash {
		return fmt.Errorf("the entries have the root %v, signed was %v (%v)", root, tree.Hash, err)
	}
	tiles := tlog.TileHashReader(tree, d)
	for i := int64(0); i < tree.N; i++ { // every leaf through the tiles, proven
		leaf, err := tiles.ReadHashes([]int64{tlog.StoredHashIndex(0, i)})
		if err != nil {
			return err
		}
		if leaf[0] != s[tlog.StoredHashIndex(0, i)] {
			return fmt.Errorf("leaf %d: tile and entry differ", i)
		}
	}
	for i := int64(0); i < tree.N; i += 1 + tree.N/64 {
		proof, err := tlog.ProveRecord(tree.N, i, tiles)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, i, s[tlog.StoredHashIndex(0, i)]); err != nil {
			return err
		}
	}
	if len(os.Args) > 3 {
		old, err := open(os.Args[3], verifier)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveTree(tree.N, old.N, tiles)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
			return err
		}
		fmt.Printf("continues the checkpoint of %d entries\n", old.N)
	}
	fmt.Printf("%d entries verified\n", tree.N)
	return nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: verify DIR VERIFIER-KEY [OLD-CHECKPOINT]")
		os.Exit(2)
	}
	if err := verify(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
