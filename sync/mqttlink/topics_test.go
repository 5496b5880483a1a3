package mqttlink

import (
	"slices"
	"strings"
	"testing"

	"badged/sync/wire"
)

func TestTopicsComeBack(t *testing.T) {
	for dir, kinds := range kindsOf {
		for _, kind := range kinds {
			want := wire.Context{Site: "lyon", Terminal: "hall-2", Dir: dir, Kind: kind}
			got, ok := parseTopic(topic("lyon", "hall-2", dir, kind))
			if !ok || got != want {
				t.Errorf("%s %s came back as %+v", dir, kind, got)
			}
		}
	}
}

// The numbers are those of the FNV reference: any other worker must find the same.
func TestShardsAreThoseOfFNV1a(t *testing.T) {
	for terminal, want := range map[string]int{"a": 0xe40c292c & 15, "foobar": 0xbf9cf968 & 15} {
		if got := Shard(terminal); got != want {
			t.Errorf("shard of %s is %d, want %d", terminal, got, want)
		}
	}
}

func TestPermissionsCoverATerminalsTopicsOnly(t *testing.T) {
	publish, subscribe := Permissions("lyon", "hall")
	up := "badged/1/lyon/2/up/hall/"
	if !slices.Equal(publish, []string{up + "hello", up + "ev", up + "sec", up + "st", up + "get"}) || subscribe != "badged/1/lyon/2/down/hall/+" {
		t.Errorf("%v, %s", publish, subscribe)
	}
}

func TestHostileTopicsAreNotTaken(t *testing.T) {
	good := topic("lyon", "hall", wire.Up, wire.MsgHello)
	for _, s := range []string{
		"", "/", "badged/1/", strings.Repeat("/", 6), good + "/", good + "/x", "/" + good, strings.TrimSuffix(good, "hello"),
		"badged/2/lyon/12/up/hall/hello", "badged/1/lyon/11/up/hall/hello", "badged/1/lyon/+/up/hall/hello", "badged/1/lyon/02/up/hall/hello",
		"badged/1/lyon/-14/up/hall/hello", "badged/1/lyon/2/sideways/hall/hello", "badged/1/lyon/2/down/hall/hello", "badged/1/lyon/2/up/hall/ack",
		"badged/1/lyon/2/up/hall/other", "badged/1//12/up/hall/hello", "badged/1/lyon/2/up//hello", "badged/1/#", "badged/1/lyon/2/up/../hello",
		"badged/1/lyon/2/up/ha\x00ll/hello", "badged/1/Lyon/12/up/hall/hello", "badged/1/lyon/2/up/" + strings.Repeat("x", 64) + "/hello",
		"$SYS/broker/uptime", good + strings.Repeat("x", 1<<16),
	} {
		if c, ok := parseTopic(s); ok {
			t.Errorf("%.60q was taken as %+v", s, c)
		}
	}
}

func FuzzParseTopic(f *testing.F) {
	f.Add(topic("lyon", "hall", wire.Up, wire.MsgHello))
	f.Fuzz(func(t *testing.T, s string) {
		if c, ok := parseTopic(s); ok && topic(c.Site, c.Terminal, c.Dir, c.Kind) != s {
			t.Errorf("%q was taken as %+v", s, c)
		}
	})
}
