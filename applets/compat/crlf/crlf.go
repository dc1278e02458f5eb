// Package crlf answers to addcr(1) and delcr(1), which change line ends from standard input to
// standard output.
package crlf

import (
	"errors"
	"io"

	"nettool/internal/cli"
	"nettool/internal/tap"
)

const failed = 111 // and nothing is said, as there

// Add is addcr.
func Add(call *cli.Call, _ []string) int {
	return run(call, tap.AddCR(), func() []byte { return nil })
}

// Delete is delcr.
func Delete(call *cli.Call, _ []string) int {
	hook, rest := tap.DeleteCR()
	return run(call, hook, rest)
}

func run(call *cli.Call, hook func([]byte) []byte, rest func() []byte) int {
	if copyThrough(call.Stdout, call.Stdin, hook, rest) != nil {
		return failed
	}
	return 0
}

func copyThrough(to io.Writer, from io.Reader, hook func([]byte) []byte, rest func() []byte) error {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if _, err := to.Write(hook(buf[:n])); err != nil {
			return err
		}
		if errors.Is(err, io.EOF) {
			_, err = to.Write(rest())
			return err
		}
		if err != nil {
			return err
		}
	}
}
