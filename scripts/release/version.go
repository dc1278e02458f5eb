package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// version is what scripts/version.sh prints, in its pieces.
//
//	1.2.3                     a tag
//	1.2.3-rc1                 a tag of something that comes before 1.2.3
//	1.2.3-rc1-4-gabcdef1      four commits later; or with -dirty, changed
//	0.1.0-dev+abcdef1         a commit without a tag
type version struct {
	number string // 1.2.3
	before string // rc1, dev: what comes before the number
	after  string // 4.gabcdef1, abcdef1, dirty: what comes behind
	ahead  string // 4: how many commits are behind the tag
}

var versionForm = regexp.MustCompile(`^(\d+(?:\.\d+)*)(?:-(dev|alpha|beta|pre|rc)\.?(\d*))?(?:-(\d+)-(g[0-9a-f]+))?(?:\+([0-9a-z.]+))?(-dirty)?$`)

// parseVersion reads one.
func parseVersion(s string) (version, error) {
	m := versionForm.FindStringSubmatch(s)
	if m == nil {
		return version{}, fmt.Errorf("read version %q: not like 1.2.3, 1.2.3-rc1, 1.2.3-4-gabcdef1 or 0.1.0-dev+abcdef1", s)
	}
	v := version{number: m[1], before: m[2] + m[3], ahead: m[4]}
	var after []string
	for _, word := range []string{m[4], m[5], m[6], strings.TrimPrefix(m[7], "-")} {
		if word != "" {
			after = append(after, word)
		}
	}
	v.after = strings.Join(after, ".")
	return v, nil
}

// tilde is the version for dpkg and rpm: a tilde sorts before nothing at all, a plus
// behind it. Commits without a tag have no order but that of their time, which is put
// before the commit, so that a later one is an upgrade.
func (v version) tilde(when time.Time) string {
	s := v.number
	if v.before != "" {
		s += "~" + v.before
	}
	switch {
	case v.before == "dev":
		s += "+" + when.UTC().Format("20060102150405") + "." + v.after
	case v.after != "":
		s += "+" + v.after
	}
	return strings.TrimSuffix(s, ".")
}

// alpine is the version for apk, which knows numbers behind a few words and nothing else:
// _alpha, _beta, _pre and _rc come before the number, _p and _git behind it. Of a commit without
// a tag its time is the number.
func (v version) alpine(when time.Time) string {
	s := v.number
	switch {
	case v.before == "dev":
		return s + "_alpha" + when.UTC().Format("20060102") + "_p" + when.UTC().Format("150405")
	case v.before != "":
		s += "_" + v.before
	}
	if v.ahead != "" {
		s += "_p" + v.ahead
	}
	return s
}
