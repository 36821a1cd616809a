// SPDX-License-Identifier: Apache-2.0

package ulvs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The rules of this house that a machine can hold. Each failure gives the
// reason, so that the next person knows what would be lost.

const module = "github.com/ulvs/ulvs"

// A file is a Go file of the house.
type file struct {
	path string
	src  []byte
	fset *token.FileSet
	ast  *ast.File
	test bool
}

func house(t *testing.T) []file {
	t.Helper()
	var files []file
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go"):
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f := file{path: path, src: src, fset: token.NewFileSet(), test: strings.HasSuffix(path, "_test.go")}
		f.ast, err = parser.ParseFile(f.fset, path, src, parser.ParseComments)
		files = append(files, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func (f *file) lines(n ast.Node) int {
	return f.fset.Position(n.End()).Line - f.fset.Position(n.Pos()).Line + 1
}

func TestFormat(t *testing.T) {
	for _, f := range house(t) {
		if want, err := format.Source(f.src); err != nil || !bytes.Equal(want, f.src) {
			t.Errorf("%s is not gofmt'ed: one form, so that a diff shows only what changed", f.path)
		}
		if !bytes.HasPrefix(f.src, []byte("// SPDX-License-Identifier: Apache-2.0\n")) {
			t.Errorf("%s does not begin with the SPDX line: a file that is copied takes its licence along", f.path)
		}
	}
}

func TestSizes(t *testing.T) {
	for _, f := range house(t) {
		if f.test {
			continue
		}
		if n := bytes.Count(f.src, []byte("\n")); n > 400 {
			t.Errorf("%s has %d lines, over 400: a file holds one idea; cut it where the ideas part", f.path, n)
		}
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && f.lines(fn) > 60 {
				t.Errorf("%s: %s has %d lines, over 60: a reader should see a function whole", f.path, fn.Name.Name, f.lines(fn))
			}
		}
	}
}

func TestDocs(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range house(t) {
		dir := filepath.Dir(f.path)
		documented[dir] = documented[dir] || f.ast.Doc != nil && !f.test
		if f.test {
			continue
		}
		for _, d := range f.ast.Decls {
			for _, name := range undocumented(d) {
				t.Errorf("%s: %s is exported and has no comment: say the unit, the owner, the why", f.path, name)
			}
		}
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package in %s has no comment: one sentence says what it is for", dir)
		}
	}
}

// undocumented lists the exported names that d declares without a comment.
func undocumented(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && s.Doc == nil && d.Doc == nil {
					names = append(names, s.Name.Name)
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
						names = append(names, n.Name)
					}
				}
			}
		}
	}
	return names
}

// exportedReceiver: methods of unexported types are nobody's face, and the few
// that interfaces ask for (String, Error, Close) explain themselves.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported() && !slices.Contains([]string{"String", "Error", "Close"}, d.Name.Name)
}

// A pkg is what the go command tells of a package.
type pkg struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		all = append(all, p)
	}
}

// floors: a package imports only from floors below its own. Longest prefix wins.
var floors = map[string]int{
	"": 0, "packet": 0,
	"sched": 1, "conntrack": 1, "neigh": 1, "host": 1, "modes/": 1, "forward/": 1,
	"modes": 2, "sched/schedtest": 2, "host/hosttest": 2,
	"forward": 3, "bench": 3, "ipvsadm": 3, "ctl": 3, "rs": 3,
	"forward/linktest": 4, "lab": 4, "lab/": 4,
	"cmd/": 5,
}

func floor(path string) int {
	best, at := -1, 0
	for prefix, n := range floors {
		fits := path == prefix || strings.HasSuffix(prefix, "/") && strings.HasPrefix(path, prefix)
		if fits && len(prefix) > best {
			best, at = len(prefix), n
		}
	}
	if best < 0 {
		return -1
	}
	return at
}

func TestFloors(t *testing.T) {
	for _, p := range packages(t) {
		own := floor(p.ImportPath)
		if own < 0 {
			t.Errorf("package %s stands on no floor: give it one in floors", p.ImportPath)
		}
		for _, imp := range p.Imports {
			if !strings.HasPrefix(imp, module) || strings.HasPrefix(p.ImportPath, "cmd/") {
				continue
			}
			to := strings.TrimPrefix(strings.TrimPrefix(imp, module), "/")
			if floor(to) >= own && !strings.HasPrefix(to, p.ImportPath+"/") && !stairs[[2]string{p.ImportPath, to}] {
				t.Errorf("%s imports %s, which is not below it: the packet's way would run in circles", p.ImportPath, to)
			}
		}
	}
}

// stairs lead from one room to another on the same floor.
var stairs = map[[2]string]bool{
	{"lab/play", "lab"}: true, // who plays uses what is there to play with
}

// pure packages know no sockets, clocks or goroutines, so that lessons and
// simulations can play them in virtual time.
var pure = []string{"packet", "sched", "conntrack", "modes", "modes/nat", "modes/dr", "modes/tun", "modes/fullnat", "neigh", "bench"}

// worldly reports whether an import leads out of pure arithmetic.
func worldly(imp string) bool {
	for _, w := range []string{"net", "os", "syscall", "log", "runtime", "golang.org/x"} {
		if imp == w || strings.HasPrefix(imp, w+"/") && imp != "net/netip" {
			return true
		}
	}
	return false
}

func TestPurity(t *testing.T) {
	for _, p := range packages(t) {
		for _, imp := range p.Imports {
			if slices.Contains(pure, p.ImportPath) && worldly(imp) {
				t.Errorf("%s imports %s: it could not be played in memory any more", p.ImportPath, imp)
			}
			if imp == "golang.org/x/sys/unix" && !mayTouchSystem(p.ImportPath) {
				t.Errorf("%s imports x/sys/unix: system calls belong to links, host, lab, ctl, rs and cmd", p.ImportPath)
			}
		}
	}
}

func mayTouchSystem(path string) bool {
	for _, prefix := range []string{"forward/", "host", "lab", "ctl", "rs", "cmd/"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// TestClocks: time and chance come in by the front door, and who has neither
// clock nor goroutine can be played in virtual time.
func TestClocks(t *testing.T) {
	clocks := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
	for _, f := range house(t) {
		dir := filepath.Dir(f.path)
		if f.test || !slices.Contains(append(slices.Clone(pure), ".", "forward", "ipvsadm", "sched/schedtest"), dir) {
			continue
		}
		timeName, randName := importName(f.ast, "time"), importName(f.ast, "math/rand/v2")
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if _, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s starts a goroutine: who calls it decides what runs beside what", f.path)
			}
			call, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := call.X.(*ast.Ident)
			if ok && x.Name == timeName && slices.Contains(clocks, call.Sel.Name) {
				t.Errorf("%s reads a clock (time.%s): time is an argument here", f.path, call.Sel.Name)
			}
			if ok && x.Name == randName && !slices.Contains([]string{"Rand", "New", "NewPCG", "Source"}, call.Sel.Name) {
				t.Errorf("%s uses the global rand.%s: chance is an argument here", f.path, call.Sel.Name)
			}
			return true
		})
	}
}

// importName is the name under which a file knows a package, "" if it does not.
func importName(f *ast.File, path string) string {
	for _, i := range f.Imports {
		if strings.Trim(i.Path.Value, `"`) != path {
			continue
		}
		if i.Name != nil {
			return i.Name.Name
		}
		return map[string]string{"time": "time", "math/rand/v2": "rand"}[path]
	}
	return ""
}

// TestInit: nothing happens before main but schedulers writing themselves down.
func TestInit(t *testing.T) {
	for _, f := range house(t) {
		if f.test || strings.HasPrefix(f.path, "cmd") {
			continue
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Name.Name != "init" || fn.Recv != nil {
				continue
			}
			var b bytes.Buffer
			if err := format.Node(&b, f.fset, fn.Body); err != nil || !strings.Contains(b.String(), "Register(") || f.lines(fn) > 3 {
				t.Errorf("%s has an init that does more than Register", f.path)
			}
		}
	}
}

// TestSchedulersNameTheirSource: the formula and the paper stand on top.
func TestSchedulersNameTheirSource(t *testing.T) {
	for _, f := range house(t) {
		if f.test || filepath.Dir(f.path) != "sched" || !bytes.Contains(f.src, []byte("func init() { Register(")) {
			continue
		}
		if !strings.Contains(firstTypeComment(f.ast), "ource:") {
			t.Errorf("%s: the comment of its first type names no source (\"Source: …\")", f.path)
		}
	}
}

func firstTypeComment(f *ast.File) string {
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE {
			return g.Doc.Text()
		}
	}
	return ""
}

// TestLibraries: what the user named is used where its part exists.
func TestLibraries(t *testing.T) {
	used := map[string]bool{}
	for _, p := range packages(t) {
		for _, imp := range p.Imports {
			used[imp] = true
		}
	}
	for _, lib := range []string{"golang.org/x/sys/unix", "github.com/mdlayher/packet"} {
		if !used[lib] {
			t.Errorf("%s is not imported by any non-test package: the user named it", lib)
		}
	}
}
