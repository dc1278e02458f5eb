package attempt_test

import (
	"encoding/asn1"
	"encoding/binary"
	"testing"

	"nettool/internal/probe/attempt"
)

// TestPayloads holds the questions against their protocols' forms.
func TestPayloads(t *testing.T) {
	t.Parallel()
	// A query that wants recursion, with one question: ".", NS, IN (RFC 1035, section 4.1).
	if dns := attempt.Payload("dns"); len(dns) != 17 || string(dns[2:]) != "\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01" {
		t.Errorf("dns: % x", dns)
	}
	if ntp := attempt.Payload("ntp"); len(ntp) != 48 || ntp[0]&7 != 3 || ntp[0]>>3&7 != 4 {
		t.Errorf("ntp: % x", ntp)
	}
	var snmp struct {
		Version   int
		Community []byte
		Get       asn1.RawValue `asn1:"tag:0"`
	}
	var get struct {
		ID, Status, Index int
		Bindings          []struct {
			Name  asn1.ObjectIdentifier
			Value asn1.RawValue
		}
	}
	rest, err := asn1.Unmarshal(attempt.Payload("snmp"), &snmp)
	if err != nil || len(rest) > 0 || snmp.Version != 1 || string(snmp.Community) != "public" {
		t.Fatalf("snmp: %+v, %d bytes left, %v", snmp, len(rest), err)
	}
	sequence := append([]byte{0x30, byte(len(snmp.Get.Bytes))}, snmp.Get.Bytes...)
	if rest, err := asn1.Unmarshal(sequence, &get); err != nil || len(rest) > 0 || len(get.Bindings) != 1 || get.Bindings[0].Name.String() != "1.3.6.1.2.1.1.1.0" {
		t.Errorf("snmp: %+v, %d bytes left, %v", get, len(rest), err)
	}
	if stun := attempt.Payload("stun"); len(stun) != 20 || binary.BigEndian.Uint32(stun) != 0x00010000 || binary.BigEndian.Uint32(stun[4:]) != 0x2112a442 {
		t.Errorf("stun: % x", stun)
	}
	for port, want := range map[string]string{"53": "dns", "domain": "dns", "123": "ntp", "161": "snmp", "3478": "stun", "80": ""} {
		if got := attempt.PayloadOf(port); got != want {
			t.Errorf("port %s: %q, want %q", port, got, want)
		}
	}
}
