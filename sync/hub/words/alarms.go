package words

import "strings"

// Alarm says what an alarm of the hub means, and what to do; object is what it is about. One
// without words, of a newer hub, is as it is.
func Alarm(lang, kind, object string) (what, todo string) {
	a, ok := alarms[kind]
	if !ok {
		return kind, ""
	}
	fill := func(t text) string { return strings.ReplaceAll(t.in(lang), "{object}", object) }
	return fill(a.what), fill(a.todo)
}

// alarms has what somebody must look at.
var alarms = map[string]reason{
	"terminal_copied": {
		text{"Le disque du terminal {object} tourne dans deux boîtiers à la fois. Rien n’est perdu\u00a0: chacun continue sous sa propre identité.",
			"The disk of terminal {object} runs in two boxes at once. Nothing is lost: each goes on under an identity of its own."},
		text{"Éteignez la copie. Si vous ne savez pas où elle est, faites rejoindre le bon boîtier avec un nouveau jeton pour {object}\u00a0: la copie est alors exclue.",
			"Switch the copy off. If you do not know where it is, let the right box join with a new token for {object}: the copy is then locked out."},
	},
	"terminal_restored": {
		text{"La base de données du terminal {object} est revenue à un état plus ancien, ou son disque a été copié. Rien de ce qui est encore sur son disque n’est perdu.",
			"The database of terminal {object} went back to an older state, or its disk was copied. Nothing that is still on its disk is lost."},
		text{"Si personne n’a restauré ni remplacé ce disque, une copie en existe\u00a0: faites rejoindre le bon boîtier avec un nouveau jeton pour {object}.",
			"If nobody restored or replaced that disk, there is a copy of it: let the right box join with a new token for {object}."},
	},
	"hub_restored": {
		text{"La base de données du serveur est revenue à une sauvegarde. Les terminaux en avance gardent ce qu’ils ont, révocations comprises, jusqu’à ce que vous acquittiez.",
			"The database of the hub was put back to a backup. Terminals that are ahead keep what they have, revocations too, until you acknowledge."},
		text{"Refaites ce qui a été fait depuis la sauvegarde, d’abord les cartes perdues et les comptes suspendus, puis acquittez\u00a0: les terminaux prendront alors ce que le serveur a.",
			"Do again what was done since the backup, first lost cards and suspended accounts; then acknowledge: the terminals then take what the hub has."},
	},
	"release_stopped": {
		text{"La version {object} a échoué sur trop de terminaux : elle n’est plus donnée à aucun autre. Ceux où elle a échoué tournent avec leur version d’avant.",
			"Release {object} has failed on too many terminals: no other one gets it any more. Those on which it failed run the release of before."},
		text{"Regardez pourquoi : badgehub release status {object}. Si la faute n’est pas celle de la version, redonnez-la : badgehub release assign {object} --retry.",
			"Look why: badgehub release status {object}. If it is no fault of the release, let it go on: badgehub release assign {object} --retry."},
	},
}
