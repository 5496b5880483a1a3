package gpioport

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/warthog618/go-gpiocdev/uapi"

	"badged/reader"
)

func TestChips(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"gpiochip0", "gpiochip10", "gpiochip2", "gpiomem"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var answer error
	info := func(f *os.File) (info uapi.ChipInfo, err error) {
		if filepath.Base(f.Name()) == "gpiochip10" {
			return info, answer
		}
		copy(info.Label[:], "pinctrl-bcm2711")
		info.Lines = 58
		return info, nil
	}
	answer = fs.ErrPermission
	want := []Chip{{"gpiochip0", "pinctrl-bcm2711", 58}, {"gpiochip2", "pinctrl-bcm2711", 58}, {Name: "gpiochip10"}}
	if got, err := listChips(dir, info); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	answer = errors.New("is broken")
	var op *reader.OpError
	if _, err := listChips(dir, info); !errors.As(err, &op) || op.Device != "gpiochip10" {
		t.Errorf("got %v", err)
	}
}
