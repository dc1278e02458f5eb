package nc

import (
	"math/rand/v2"
	"strings"
)

// randomRow is a client of a peer that hangs up when it has heard a line, with options that
// go together or do not, and ports that are open, closed, or none.
func randomRow(random *rand.Rand) row {
	r := row{in: "text\n", peer: "line"}
	var words []string
	for range random.IntN(5) {
		words = append(words, pick(random, randomOptions))
	}
	if random.IntN(8) == 0 {
		words = append(words, pick(random, randomMistakes))
	}
	host := pick(random, []string{"127.0.0.1", "127.0.0.1", "127.0.0.1", "localhost", "localhost", "::1", "no.invalid", ""})
	if host != "" {
		words = append(words, host)
	}
	words = append(words, pick(random, []string{"PORT", "PORT", "PORT", "SHUT", "SHUT PORT", "PORT PORT", "SHUT-SHUT", "http", "0", "70000", "x", "-", "SHUT SHUT", "1-2-3", ""}))
	if host == "" {
		words = words[:len(words)-1] // a number alone would be the host, as inet_aton(3) has it
	}
	r.args = strings.Join(words, " ")
	r.anyOrder = strings.Contains(r.args, "-r")
	if strings.Contains(r.args, "z") {
		r.peer = "none"
	} else if strings.Contains(r.args, "-d") || strings.Contains(r.args, "PORT PORT") {
		r.peer, r.in = "greet", ""
	}
	return r
}

func pick(random *rand.Rand, of []string) string { return of[random.IntN(len(of))] }

// randomOptions are those whose outcome does not depend on the time that things take.
var randomOptions = []string{
	"-4", "-6", "-v", "-vv", "-n", "-z", "-N", "-d", "-r", "-C", "-D", "-w 5", "-w 9", "-q 0", "-q -1", "-i 0", "-b", "-M 9", "-m 1", "-M 255",
	"-I 4096", "-O 4096", "-T lowdelay", "-T ef", "-T 0x20", "-T 8", "-p 0", "-s 127.0.0.1", "-s localhost", "-s ::1", "-W 9", "-X 5", "-P joe", "-vz", "-nv", "-Nv4",
}

// randomMistakes end most command lines.
var randomMistakes = []string{
	"-k", "-l -z", "-w -1", "-w", "-q x", "-y", "-V 1", "-T none", "-X 7", "-M 300", "-m -2", "-I 0", "-O big", "-i -3", "-W 0", "-p nosuch", "-s no.invalid", "-F -U", "-Z -U",
	"-x 127.0.0.1:1 -u", "-x 127.0.0.1:1 -s 1", "-x 127.0.0.1:SHUT", "--", "-U -p 1", "-U",
}
