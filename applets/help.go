package applets

import (
	"fmt"
	"iter"
	"strings"

	"github.com/alecthomas/kong"

	"nettool/internal/exit"
)

// help prints kong's own help, then the exit codes, which are the same for
// every applet.
func help(options kong.HelpOptions, ctx *kong.Context) error {
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil {
		return err
	}
	fmt.Fprintf(ctx.Stdout, "\nExit codes:\n")
	for _, row := range exit.Table() {
		code := row.Code
		for line := range folded(row.Meaning, width-9) {
			fmt.Fprintf(ctx.Stdout, "  %-6s %s\n", code, line)
			code = ""
		}
	}
	return nil
}

// width is how wide lines are, in columns, where kong does not know either.
const width = 80

// folded divides a text at its spaces into lines that are no wider than most.
func folded(text string, most int) iter.Seq[string] {
	return func(yield func(string) bool) {
		line := ""
		for word := range strings.FieldsSeq(text) {
			if line != "" && len(line)+1+len(word) > most {
				if !yield(line) {
					return
				}
				line = ""
			}
			line = strings.TrimPrefix(line+" "+word, " ")
		}
		yield(line)
	}
}
