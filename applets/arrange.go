package applets

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// mixer is an applet whose flags may stand anywhere among its arguments. kong
// ends a list of arguments at the first flag that follows it.
type mixer interface{ FlagsAnywhere() }

// arrange puts the flags of a command line before its arguments, and a
// subcommand before both. Flags that nobody knows stay flags, for kong to
// refuse.
func arrange(app *kong.Application, args []string) []string {
	node := app.Node
	var command, flags, rest []string
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case len(arg) > 1 && arg[0] == '-':
			switch {
			case len(args) > 0 && wantsValue(node, arg):
				flags, args = append(flags, arg, args[0]), args[1:]
			case len(args) > 0 && takes(node, arg, args[0]):
				flags, args = append(flags, arg+"="+args[0]), args[1:]
			default:
				flags = append(flags, arg)
			}
		case len(rest) == 0 && subcommand(node, arg) != nil:
			node = subcommand(node, arg)
			command = append(command, arg)
		default:
			rest = append(rest, arg)
		}
	}
	return append(append(command, flags...), rest...)
}

func subcommand(node *kong.Node, name string) *kong.Node {
	for _, c := range node.Children {
		if c.Type == kong.CommandNode && c.Name == name {
			return c
		}
	}
	return nil
}

// named reports whether a flag has a name, or an alias.
func named(f *kong.Flag, name string) bool {
	return f.Name == name || slices.Contains(f.Aliases, name)
}

// wantsValue reports whether a flag takes the argument after it for its value.
func wantsValue(node *kong.Node, arg string) bool {
	if name, ok := strings.CutPrefix(arg, "--"); ok {
		f := flagOf(node, func(f *kong.Flag) bool { return named(f, name) })
		return f != nil && !f.IsBool()
	}
	for i, short := range arg[1:] {
		f := flagOf(node, func(f *kong.Flag) bool { return f.Short == short })
		if f == nil || !f.IsBool() {
			return f != nil && i+len(string(short)) == len(arg)-1 // else the rest of arg is its value
		}
	}
	return false
}

// taker is a flag that may have a value and need not.
type taker interface{ Takes(word string) bool }

// takes reports whether a word behind such a flag is its value.
func takes(node *kong.Node, arg, word string) bool {
	name, ok := strings.CutPrefix(arg, "--")
	f := flagOf(node, func(f *kong.Flag) bool { return named(f, name) })
	if !ok || f == nil {
		return false
	}
	value, ok := f.Target.Addr().Interface().(taker)
	return ok && value.Takes(word)
}

// flagOf finds a flag of a command, of its parents, of its default command, or,
// before a command was named, of any.
func flagOf(node *kong.Node, is func(*kong.Flag) bool) *kong.Flag {
	for _, n := range append([]*kong.Node{node}, node.Children...) {
		for _, group := range n.AllFlags(false) {
			for _, f := range group {
				if is(f) {
					return f
				}
			}
		}
	}
	return nil
}
