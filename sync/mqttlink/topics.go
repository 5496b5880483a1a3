package mqttlink

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"badged/sync/wire"
)

// The topics, with two names, a shard and a kind of message each:
//
//	badged/1/SITE/SHARD/up/TERMINAL/{hello,ev,sec,st,get}    from a terminal
//	badged/1/SITE/SHARD/down/TERMINAL/{ack,dl,rel,pc,cmd}    to a terminal
//
// The shard lets several workers of one hub share the terminals.
const topicRoot = "badged/1/"

var kindsOf = map[string][]string{
	wire.Up:   {wire.MsgHello, wire.MsgEvents, wire.MsgSecurity, wire.MsgStatus, wire.MsgWant},
	wire.Down: {wire.MsgAck, wire.MsgPage, wire.MsgRelease, wire.MsgPiece, wire.MsgCommand},
}

// Shard is the shard of a terminal, 0 to 15: the low bits of FNV-1a 32 of its name.
func Shard(terminal string) int {
	h := fnv.New32a()
	h.Write([]byte(terminal))
	return int(h.Sum32() & 15)
}

// Permissions returns the topics that a terminal may publish to with its certificate, and the
// filter that it may subscribe to. They name exact topics: a broker may keep a message for
// each topic, so a terminal that chose its own could fill it.
func Permissions(site, terminal string) (publish []string, subscribe string) {
	for _, kind := range kindsOf[wire.Up] {
		publish = append(publish, topic(site, terminal, wire.Up, kind))
	}
	return publish, topic(site, terminal, wire.Down, "+")
}

// topic is the topic of a kind of message for or from a terminal.
func topic(site, terminal, dir, kind string) string {
	return topicRoot + site + "/" + strconv.Itoa(Shard(terminal)) + "/" + dir + "/" + terminal + "/" + kind
}

// allUp is the filter for everything that the terminals of a site publish.
func allUp(site string) string { return topicRoot + site + "/+/" + wire.Up + "/#" }

// parseTopic splits a topic into its parts. ok is false unless topic could have made it,
// with valid names and a kind that exists.
func parseTopic(s string) (c wire.Context, ok bool) {
	rest, ok := strings.CutPrefix(s, topicRoot)
	if !ok || len(s) > maxTopic {
		return c, false
	}
	part := strings.Split(rest, "/")
	if len(part) != 5 {
		return c, false
	}
	c = wire.Context{Site: part[0], Dir: part[2], Terminal: part[3], Kind: part[4]}
	if wire.CheckName("site", c.Site) != nil || wire.CheckName("terminal", c.Terminal) != nil {
		return wire.Context{}, false
	}
	if part[1] != strconv.Itoa(Shard(c.Terminal)) || !slices.Contains(kindsOf[c.Dir], c.Kind) {
		return wire.Context{}, false
	}
	return c, true
}

// maxTopic bounds a topic: two names of 63 and the rest.
const maxTopic = 180
