package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// What follows is CycloneDX 1.5, as far as it is used here.
type (
	bom struct {
		Format       string          `json:"bomFormat"`
		SpecVersion  string          `json:"specVersion"`
		Serial       string          `json:"serialNumber,omitempty"`
		Version      int             `json:"version"`
		Metadata     bomMetadata     `json:"metadata"`
		Components   []bomComponent  `json:"components"`
		Dependencies []bomDependency `json:"dependencies"`
	}
	bomMetadata struct {
		Timestamp  string        `json:"timestamp"`
		Component  bomComponent  `json:"component"`
		Properties []bomProperty `json:"properties"`
	}
	bomComponent struct {
		Ref      string       `json:"bom-ref"`
		Type     string       `json:"type"`
		Name     string       `json:"name"`
		Version  string       `json:"version"`
		Scope    string       `json:"scope,omitempty"`
		Hashes   []bomHash    `json:"hashes,omitempty"`
		Licences []bomLicence `json:"licenses,omitempty"`
		PURL     string       `json:"purl,omitempty"`
	}
	bomHash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	bomLicence struct {
		Expression string `json:"expression"`
	}
	bomDependency struct {
		Ref string   `json:"ref"`
		On  []string `json:"dependsOn,omitempty"`
	}
	bomProperty struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
)

// sbom lists what is in the program. The hash of a module is that of go.sum, the hash of
// nettool its program's. The serial number is made from all the rest.
func (r *release) sbom(b *build) ([]byte, error) {
	program := sha256.Sum256(b.program)
	own := bomComponent{
		Ref: "nettool", Type: "application", Name: "nettool", Version: r.version,
		Hashes:   []bomHash{{"SHA-256", hex.EncodeToString(program[:])}},
		Licences: []bomLicence{{r.own.expression()}},
	}
	list := bom{
		Format: "CycloneDX", SpecVersion: "1.5", Version: 1,
		Metadata: bomMetadata{
			Timestamp: r.when.UTC().Format(time.RFC3339), Component: own,
			Properties: []bomProperty{{"nettool:commit", r.commit}, {"nettool:system", b.os + "/" + b.arch}, {"nettool:go", b.goVersion}},
		},
	}
	var all []string
	for _, p := range b.parts {
		c, err := p.component()
		if err != nil {
			return nil, err
		}
		list.Components = append(list.Components, c)
		all = append(all, c.Ref)
	}
	list.Dependencies = append(list.Dependencies, bomDependency{own.Ref, all})
	for _, p := range b.parts {
		var on []string
		for _, q := range b.parts {
			if slices.Contains(p.uses, q.name) {
				on = append(on, q.purl())
			}
		}
		list.Dependencies = append(list.Dependencies, bomDependency{p.purl(), on})
	}
	text, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	list.Serial = serial(text)
	text, err = json.MarshalIndent(list, "", "  ")
	return append(text, '\n'), err
}

// component is the part in the list.
func (p part) component() (bomComponent, error) {
	c := bomComponent{
		Ref: p.purl(), Type: "library", Name: p.name, Version: p.version, Scope: "required",
		Licences: []bomLicence{{p.licence}}, PURL: p.purl(),
	}
	if p.sum != "" {
		sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(p.sum, "h1:"))
		if err != nil {
			return c, fmt.Errorf("read sum of %q: %w", p.name, err)
		}
		c.Hashes = []bomHash{{"SHA-256", hex.EncodeToString(sum)}}
	}
	return c, nil
}

// purl is the name that scanners look a part up by.
func (p part) purl() string {
	return "pkg:golang/" + p.name + "@" + url.PathEscape(strings.TrimPrefix(p.version, "go"))
}

// serial is a UUID of version 8 (RFC 9562) that the text decides.
func serial(text []byte) string {
	id := sha256.Sum256(text)
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:16])
}
