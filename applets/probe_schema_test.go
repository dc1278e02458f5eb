package applets_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// sourceDir is this folder: go test starts there.
var sourceDir, _ = os.Getwd()

// jsonSchema checks values against the part of JSON Schema that our schema
// uses. A keyword that it does not know is an error: nothing goes unchecked.
type jsonSchema struct{ root map[string]any }

func (s *jsonSchema) check(schema map[string]any, v any, at string) error {
	for keyword, want := range schema {
		if err := s.keyword(schema, keyword, want, v, at); err != nil {
			return err
		}
	}
	return nil
}

func (s *jsonSchema) keyword(schema map[string]any, keyword string, want, v any, at string) error {
	switch keyword {
	case "$schema", "$id", "title", "description", "$defs":
		return nil
	case "$ref":
		name := strings.TrimPrefix(want.(string), "#/$defs/")
		return s.check(s.root["$defs"].(map[string]any)[name].(map[string]any), v, at)
	case "type":
		return checkType(want, v, at)
	case "const":
		return expect(v == want, "%s is %v, want %v", at, v, want)
	case "enum":
		return expect(slices.Contains(want.([]any), v), "%s is %v, want one of %v", at, v, want)
	case "pattern":
		text, ok := v.(string)
		return expect(!ok || regexp.MustCompile(want.(string)).MatchString(text), "%s is %v, want %v", at, v, want)
	case "minimum":
		n, ok := v.(json.Number)
		f, _ := n.Float64()
		return expect(!ok || f >= want.(float64), "%s is %v, want %v at least", at, v, want)
	case "oneOf":
		return s.oneOf(want.([]any), v, at)
	case "items":
		return s.items(want.(map[string]any), v, at)
	case "required", "properties", "additionalProperties":
		return s.object(schema, v, at)
	}
	return fmt.Errorf("%s: the schema uses %q, which the check does not know", at, keyword)
}

func expect(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

func checkType(want, v any, at string) error {
	kinds, several := want.([]any)
	if !several {
		kinds = []any{want}
	}
	return expect(slices.ContainsFunc(kinds, func(k any) bool { return isKind(k.(string), v) }), "%s is %v, want %v", at, v, want)
}

func isKind(kind string, v any) bool {
	switch v := v.(type) {
	case nil:
		return kind == "null"
	case bool:
		return kind == "boolean"
	case string:
		return kind == "string"
	case json.Number:
		_, err := v.Int64()
		return kind == "number" || kind == "integer" && err == nil
	case []any:
		return kind == "array"
	}
	return kind == "object"
}

func (s *jsonSchema) oneOf(choices []any, v any, at string) error {
	var failures []string
	for _, choice := range choices {
		if err := s.check(choice.(map[string]any), v, at); err != nil {
			failures = append(failures, err.Error())
		}
	}
	return expect(len(choices)-len(failures) == 1, "%s fits %d of %d: %s", at, len(choices)-len(failures), len(choices), strings.Join(failures, "; "))
}

func (s *jsonSchema) items(schema map[string]any, v any, at string) error {
	list, _ := v.([]any)
	for i, item := range list {
		if err := s.check(schema, item, fmt.Sprintf("%s[%d]", at, i)); err != nil {
			return err
		}
	}
	return nil
}

func (s *jsonSchema) object(schema map[string]any, v any, at string) error {
	object, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%s is no object", at)
	}
	required, _ := schema["required"].([]any)
	for _, key := range required {
		if _, ok := object[key.(string)]; !ok {
			return fmt.Errorf("%s lacks %q", at, key)
		}
	}
	known, _ := schema["properties"].(map[string]any)
	for key, value := range object {
		property, ok := known[key].(map[string]any)
		if !ok {
			if schema["additionalProperties"] == false {
				return fmt.Errorf("%s has the unknown key %q", at, key)
			}
			continue
		}
		if err := s.check(property, value, at+"."+key); err != nil {
			return err
		}
	}
	return nil
}
