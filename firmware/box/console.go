package box

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// toolProgram is the technician's tool, which has all that can be asked.
const toolProgram = "/bin/badgectl"

// runConsole runs what a technician types at the serial console: lines that are those of badgectl,
// without its name.
func (b *Box) runConsole(console *os.File) {
	fmt.Fprintf(console, "\nbadged %s on %s. Type status, update URL, rollback, readers or help.\n", b.version, b.settings.Name)
	in := bufio.NewScanner(console)
	for in.Scan() {
		words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(in.Text()), "badgectl "))
		if len(words) == 0 {
			continue
		}
		if words[0] == "restart" {
			_ = b.restart() // never fails
			continue
		}
		cmd := exec.Command(toolProgram, words...)
		cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = b.agent.env, nil, console, console
		if err := cmd.Run(); err != nil {
			fmt.Fprintf(console, "(%v)\n", err)
		}
		fmt.Fprintln(console, "done")
	}
}
