package dialogue

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"nettool/internal/probe/attempt"
)

// Expect is a step that waits for an expression of Go's syntax, in which ^ and $
// match at every line.
func Expect(text string) (Step, error) {
	if text == "" {
		return Step{}, errors.New(`expect "": an empty expression matches before anything came`)
	}
	re, err := regexp.Compile("(?m:" + text + ")")
	if err != nil {
		return Step{}, fmt.Errorf("expect %q: %w", text, err)
	}
	return Step{Expect: re, Text: text}, nil
}

// Send is a step that sends a text with its escapes, and nothing after it.
func Send(text string) (Step, error) {
	b, err := attempt.Unescape(text)
	if err != nil {
		return Step{}, fmt.Errorf("send %q: %w", text, err)
	}
	return Step{Send: b}, nil
}

// Parse reads a script: a step on each line, as "expect REGEX" or "send TEXT", with
// "NAME: " before it or not. Empty lines, and those that begin with #, are left out.
func Parse(script string) ([]Step, error) {
	var steps []Step
	n := 0
	for line := range strings.Lines(script) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if text := strings.TrimSpace(line); text == "" || text[0] == '#' {
			continue
		}
		step, err := parseLine(strings.TrimLeft(line, " \t"))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		steps = append(steps, step)
	}
	if len(steps) == 0 {
		return nil, errors.New("has no step")
	}
	return steps, nil
}

func parseLine(line string) (step Step, err error) {
	name := ""
	verb, rest, _ := strings.Cut(line, " ")
	if label, ok := strings.CutSuffix(verb, ":"); ok && label != "" {
		name = label
		verb, rest, _ = strings.Cut(strings.TrimLeft(rest, " \t"), " ")
	}
	switch verb {
	case "expect":
		step, err = Expect(rest)
	case "send":
		step, err = Send(rest)
	default:
		err = fmt.Errorf("%q: want expect REGEX or send TEXT", line)
	}
	step.Name = name
	return step, err
}
