package mqttlink

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"testing"
)

// listen answers every connection with serve and gives its address.
func listen(t *testing.T, l net.Listener, serve func(net.Conn)) string {
	t.Helper()
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

func tcp(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// broker answers TLS clients that a vouches for, and what they say first with say.
func broker(t *testing.T, a *authority, say []byte) string {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	config := &tls.Config{Certificates: []tls.Certificate{a.issue("broker")}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
	return listen(t, tls.NewListener(tcp(t), config), func(c net.Conn) {
		buf := make([]byte, 1024)
		if _, err := c.Read(buf); err == nil {
			_, _ = c.Write(say)
		}
	})
}

func TestDialSaysWhatIsWrong(t *testing.T) {
	ours, other := newAuthority(t), newAuthority(t)
	gone := tcp(t)
	gone.Close()
	plain := listen(t, tcp(t), func(c net.Conn) { _, _ = c.Write([]byte("220 hello, this is mail\r\n")) })
	for name, c := range map[string]struct {
		address string
		tls     *tls.Config
		want    error
	}{
		"no port":             {"hub.example", ours.client("hall", ours), ErrAddress},
		"no such host":        {"hub.invalid:8883", ours.client("hall", ours), ErrAddress},
		"nobody there":        {gone.Addr().String(), ours.client("hall", ours), ErrUnreachable},
		"no TLS":              {plain, ours.client("hall", ours), ErrNotTLS},
		"another CA":          {broker(t, other, nil), ours.client("hall", ours), ErrWrongCA},
		"certificate refused": {broker(t, ours, nil), other.client("hall", ours), ErrRefused},
		"not authorised":      {broker(t, ours, []byte{0x20, 2, 0, 5}), ours.client("hall", ours), ErrRefused},
		"unavailable":         {broker(t, ours, []byte{0x20, 2, 0, 3}), ours.client("hall", ours), ErrUnreachable},
		"hangs up":            {broker(t, ours, nil), ours.client("hall", ours), ErrRefused},
		"announces a flood":   {broker(t, ours, []byte{0x30, 0xff, 0xff, 0xff, 0x7f}), ours.client("hall", ours), ErrUnreachable},
		"not MQTT":            {broker(t, ours, []byte("HTTP/1.1 400 Bad Request\r\n\r\n")), ours.client("hall", ours), ErrUnreachable},
	} {
		link, err := Config{Address: c.address, Site: "lyon", Terminal: "hall", TLS: c.tls, Log: silent}.Dial(t.Context(), []byte("will"))
		if !errors.Is(err, c.want) || link != nil {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		} else if !strings.Contains(err.Error(), c.address) {
			t.Errorf("%s: the error does not name the address: %v", name, err)
		}
	}
}
