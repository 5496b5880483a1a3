package main

import "strings"

// text is what a person reads, in French and English.
type text struct{ fr, en string }

func (t text) in(lang string) string {
	if lang == "fr" {
		return t.fr
	}
	return t.en
}

const noRows = "none\n"

// headings are the French heads of the columns of tables.
var headings = map[string]string{
	"ADDRESSEE": "DESTINATAIRE", "ANSWER": "RÉPONSE", "FOR": "POUR", "FRENCH": "FRANÇAIS", "LINK": "LIEN", "MANAGES": "GÈRE", "PURPOSE": "OBJET", "SERVICE": "SERVICE",
	"FAILED": "ÉCHECS", "HEALTHY": "SAINS", "RELEASE": "VERSION", "UNDER WAY": "EN COURS", "WAITING": "EN ATTENTE",
	"ERRORS": "ERREURS", "FILE": "FICHIER", "LINES": "LIGNES", "NEW": "NOUVEAUX", "UNDONE": "REPRIS",
	"SHORT TEXT": "TEXTE COURT", "SINCE": "DEPUIS", "TRIES": "ESSAIS",
	"ACCOUNT": "COMPTE", "ACTION": "ACTION", "ANONYMOUS": "ANONYME", "AT": "QUAND", "BEFORE -> AFTER": "AVANT -> APRÈS", "CARD": "CARTE",
	"CONFLICT": "CONFLIT", "DAY": "JOUR", "DOORS": "PORTES", "E-MAIL": "ADRESSE", "ENDS": "FIN", "EVENTS": "ÉVÉNEMENTS", "FRESH-FOR": "FRAIS PENDANT",
	"FROM": "AVANT", "GRANT": "DROIT", "GROUP": "GROUPE", "GROUPS": "GROUPES", "ID": "ID", "KIND": "TYPE", "LAST SEEN": "VU LE", "MEMBERS": "MEMBRES",
	"NAME": "NOM", "OBJECT": "OBJET", "OPEN": "OUVERT", "OUTCOME": "ISSUE", "OWNER": "À QUI", "PASSES": "PASSE", "POINT": "POINT", "REASON": "RAISON",
	"SCHEDULE": "HORAIRE", "SEQ": "N°", "STALE": "SANS NOUVELLES", "STATE": "ÉTAT", "TERMINAL": "TERMINAL", "TIMES": "FOIS", "TO": "APRÈS",
	"TOKEN": "JETON", "TYPED THE E-MAIL OF": "A TAPÉ L’ADRESSE DE", "UNKNOWN TIME": "HEURE INCONNUE", "VERSION": "VERSION", "WHERE": "OÙ",
	"WHO": "QUI", "WHY": "POURQUOI", "WORKS UNTIL": "VALABLE JUSQU’À",
}

// headingsIn gives the heads of a table, which tabs divide, in a language.
func headingsIn(lang, english string) string {
	if lang != "fr" {
		return english
	}
	heads := strings.Split(english, "\t")
	for i, h := range heads {
		if fr, ok := headings[h]; ok {
			heads[i] = fr
		}
	}
	return strings.Join(heads, "\t")
}

// advice is what to do about a refusal, by its code: what belongs to the command line and
// not to the hub.
var advice = map[string]text{
	"account_activated": {"`badgehub account link ACCOUNT --reset` fait le lien.", "`badgehub account link ACCOUNT --reset` makes the link."},
	"account_not_activated": {"`badgehub account link ACCOUNT` fait le lien d’activation.",
		"`badgehub account link ACCOUNT` makes the link of the activation."},
	"account_no_address": {"`badgehub account edit ACCOUNT --email ada@example.com`.", "`badgehub account edit ACCOUNT --email ada@example.com`."},
	"admin_link_role":    {"`badgehub role set ACCOUNT admin` le donne.", "`badgehub role set ACCOUNT admin` gives it."},
	"setup_done":         {"Donnez l’adresse d’un administrateur\u00a0: `badgehub admin link EMAIL`.", "Name an administrator: `badgehub admin link EMAIL`."},
	"email_bad":          {"Exemple\u00a0: ada@example.com.", "Example: ada@example.com."},
	"setting_address":    {"Exemple\u00a0: badges@example.com.", "Example: badges@example.com."},
	"mail_no_server": {"Exemple\u00a0: `badgehub site set mail_out=smtp mail_server=mail.example.com mail_from=badges@example.com`.",
		"Example: `badgehub site set mail_out=smtp mail_server=mail.example.com mail_from=badges@example.com`."},
	"mail_not_found": {"Voyez `badgehub mail list`.", "See `badgehub mail list`."},
	"notice_text": {"Le texte entier est dans les deux fichiers, le texte court dans --short-fr et --short-en.",
		"The whole text is in the two files, the short one in --short-fr and --short-en."},
	"not_an_id":         {"La commande `list` du même groupe les montre.", "The command `list` beside this one shows them."},
	"service_name":      {"Donnez --fr et --en.", "Give --fr and --en."},
	"alarm_missing":     {"Voyez `badgehub alarm list`.", "See `badgehub alarm list`."},
	"account_not_found": {"Voyez `badgehub account list`.", "See `badgehub account list`."},
	"card_not_found": {"Voyez `badgehub card list`, ou pour les cartes qui ne sont à personne `badgehub card list --unknown`.",
		"See `badgehub card list`, or for cards that nobody has `badgehub card list --unknown`."},
	"card_taken": {"`badgehub card free CARD` la rend libre\u00a0; voyez à qui elle est avec `badgehub account show ACCOUNT`.",
		"`badgehub card free CARD` makes it nobody's; see whose it is with `badgehub account show ACCOUNT`."},
	"state_unknown":   {"Voyez `badgehub account state --help`.", "See `badgehub account state --help`."},
	"list_filter":     {"Voyez `{command} --help`.", "See `{command} --help`."},
	"claim_not_found": {"Voyez `badgehub claim list`.", "See `badgehub claim list`."},
	"claims_closed":   {"Regardez les événements, puis `badgehub site reopen`.", "Look at the events, then `badgehub site reopen`."},
	"codes_used_up": {"Terminez-en avec `badgehub claim remove ID`, ou prenez plus de chiffres\u00a0: `badgehub site set code_digits=6`.",
		"End some with `badgehub claim remove ID`, or use more digits: `badgehub site set code_digits=6`."},
	"door_not_found":     {"Voyez `badgehub door list`.", "See `badgehub door list`."},
	"grant_not_found":    {"Voyez `badgehub grant list`.", "See `badgehub grant list`."},
	"group_not_found":    {"Voyez `badgehub group list`.", "See `badgehub group list`."},
	"schedule_not_found": {"Voyez `badgehub schedule list`.", "See `badgehub schedule list`."},
	"setting_unknown":    {"Voyez `badgehub site show`.", "See `badgehub site show`."},
	"terminal_joined": {"Pour installer une autre machine à sa place, ajoutez-la avec --replace.",
		"To set up another box in its place, add it with --replace."},
	"release_none": {"Voyez `badgehub release status`.", "See `badgehub release status`."},
	"release_no_trust": {"Copiez-y le fichier badged.trust avec lequel vos cartes sont écrites.",
		"Copy the file badged.trust there with which your cards are flashed."},
	"release_given":     {"`badgehub release pause RELEASE`", "`badgehub release pause RELEASE`"},
	"release_under_way": {"Voyez `badgehub release status RELEASE`.", "See `badgehub release status RELEASE`."},
	"release_meant":     {"Voyez `badgehub door list` et `badgehub terminal list`.", "See `badgehub door list` and `badgehub terminal list`."},
	"terminal_missing":  {"Voyez `badgehub terminal list`.", "See `badgehub terminal list`."},
	"grant_needs_name": {"Donnez-lui les deux\u00a0: `badgehub account edit ACCOUNT --name \"Ada Byron\"`.",
		"Give it both: `badgehub account edit ACCOUNT --name \"Ada Byron\"`."},
	"confirm_owner_not_yet": {"Avec admin, vous confirmez par `badgehub card state CARD active`.",
		"With admin, you confirm by `badgehub card state CARD active`."},
}
