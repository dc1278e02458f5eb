package transfer

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// What bounds a name: bytes of all of it and of each part, and the number of parts.
const (
	longestName = 4 << 10
	longestPart = 255
	deepestName = 64
)

// partSuffix is how the names of unfinished files end.
const partSuffix = ".part"

// CheckName reports what is wrong with the name of a file that is sent. It is made of
// parts with slashes between them, none of which leads out of a directory. It begins
// with no dot: what is hidden can only be below a directory that is not.
func CheckName(name string) error {
	parts := strings.Split(name, "/")
	switch {
	case name == "":
		return fmt.Errorf("a file without a name")
	case len(name) > longestName:
		return fmt.Errorf("name %q: has %d bytes, %d is the most", clip(name), len(name), longestName)
	case len(parts) > deepestName:
		return fmt.Errorf("name %q: has %d parts, %d is the most", clip(name), len(parts), deepestName)
	case !filepath.IsLocal(filepath.FromSlash(name)):
		return fmt.Errorf("name %q: leads out of the directory", clip(name))
	case strings.HasPrefix(name, "."):
		return fmt.Errorf("name %q: begins with a dot", clip(name))
	}
	for _, part := range parts {
		if err := checkPart(part); err != nil {
			return fmt.Errorf("name %q: %w", clip(name), err)
		}
	}
	return nil
}

func checkPart(part string) error {
	switch {
	case part == "" || part == "." || part == "..":
		return fmt.Errorf("has a part %q", part)
	case len(part) > longestPart:
		return fmt.Errorf("has a part of %d bytes, %d is the most", len(part), longestPart)
	case strings.ContainsAny(part, "\x00"):
		return fmt.Errorf("has a zero byte")
	case strings.HasSuffix(part, partSuffix):
		return fmt.Errorf("ends with %s, as what is unfinished does", partSuffix)
	}
	return nil
}

// encode is a text as one word of a line.
func encode(text string) string {
	parts := strings.Split(text, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}

// decode is the text of a word.
func decode(word string) (string, error) {
	text, err := url.PathUnescape(word)
	if err != nil {
		return "", fmt.Errorf("%q: is not percent-encoded: %w", clip(word), err)
	}
	return text, nil
}
