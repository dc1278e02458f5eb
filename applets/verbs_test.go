package applets_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// commands are the words that scripts have beyond testscript's own. What they do
// is in testdata/README.md.
func commands() map[string]scriptCmd {
	return map[string]scriptCmd{
		// Programs.
		"start": cmdStart, "serve": cmdServe, "within": cmdWithin, "status": cmdStatus, "terminal": cmdTerminal,
		"sit": cmdSit, "type": cmdType, "screen": cmdScreen, "resize": cmdResize, "canonical": cmdCanonical,
		"stdinof": cmdStdinOf, "signal": cmdSignal, "halt": cmdHalt, "exits": cmdExits,
		"childrenof": cmdChildrenOf, "children": cmdChildren, "connpid": cmdConnPID, "killpid": cmdKillPID, "gone": cmdGone,
		"descriptors": cmdDescriptors, "nextdescriptor": cmdNextDescriptor, "deaf": cmdDeaf, "awaitport": cmdAwaitPort, "upgrade": cmdUpgrade,
		// What they say.
		"waitlog": cmdWaitlog, "waitrejects": cmdWaitrejects, "logged": cmdLogged, "stall": cmdStall, "unstall": cmdUnstall, "listens": cmdListens,
		"adminof": cmdAdminOf, "validlog": cmdValidLog, "allevents": cmdAllEvents, "validjson": cmdValidJSON,
		// Clients.
		"dial": cmdDial, "dialfrom": cmdDialFrom, "dialunix": cmdDialUnix, "converse": cmdConverse, "say": cmdSay, "hear": cmdHear,
		"line": cmdLine, "read": cmdRead, "hangup": cmdHangup, "queue": cmdQueue, "served": cmdServed, "holdopen": cmdHoldOpen, "letgo": cmdLetGo,
		"talks": cmdTalks, "ask": cmdAsk, "big": cmdBig, "flood": cmdFlood, "burst": cmdBurst, "echoes": cmdEchoes,
		"knock": cmdKnock, "follows": cmdFollows, "crowd": cmdCrowd, "surplus": cmdSurplus,
		"resets": cmdResets, "fates": cmdFates, "hostile": cmdHostile, "reloading": cmdReloading, "upgradeload": cmdUpgradeLoad,
		"get": cmdGet, "await": cmdAwait, "fetch": cmdFetch, "samecounts": cmdSameCounts,
		// Servers of the test's own, and ports.
		"peer": cmdPeer, "peerdone": cmdPeerDone, "datagrams": cmdDatagrams,
		"target": cmdTarget, "open": cmdOpen, "shut": cmdShut, "accepted": cmdAccepted, "synsent": cmdSynSent,
		"unused": cmdUnused, "openlater": cmdOpenLater, "port": cmdPort, "lowaddress": cmdLowAddress,
		// Files and time.
		"waitfile": cmdWaitFile, "readport": cmdReadPort, "filesize": cmdFileSize, "fill": cmdFill,
		"shipped": cmdShipped, "publicdir": cmdPublicDir, "pause": cmdPause, "lossy": cmdLossy,
	}
}

// TestVerbs holds the page of the script verbs against the commands and the
// conditions that there are, and against the scripts: a verb that none uses goes.
func TestVerbs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("testdata/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var described []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(?:! )?([a-z]+)[ `]").FindAllSubmatch(page, -1) {
		described = append(described, string(m[1]))
	}
	used := wordsOfScripts(t)
	for verb := range commands() {
		if !slices.Contains(described, verb) {
			t.Errorf("testdata/README.md has no row for the verb %s", verb)
		}
		if !used[verb] {
			t.Errorf("no script uses the verb %s", verb)
		}
	}
	for _, verb := range described {
		if commands()[verb] == nil {
			t.Errorf("testdata/README.md describes %s, which is no verb", verb)
		}
	}
	for _, m := range models {
		if !strings.Contains(string(page), "`["+string(m)+"]`") {
			t.Errorf("testdata/README.md has no row for the condition [%s]", m)
		}
	}
}

// wordsOfScripts are the first words of the lines of all scripts.
func wordsOfScripts(t *testing.T) map[string]bool {
	words := map[string]bool{}
	for _, script := range scripts(t) {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^(?:\[\S+\] )*(?:! )?([a-z]+)`).FindAllSubmatch(text, -1) {
			words[string(m[1])] = true
		}
	}
	return words
}
