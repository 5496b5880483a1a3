package access

import "time"

// SettingKind is what form a setting's value has.
type SettingKind string

// The kinds. Values are kept as text.
const (
	Text    SettingKind = "text"    // Min to Max bytes
	Zone    SettingKind = "zone"    // a time zone by its IANA name
	Choice  SettingKind = "choice"  // one of Choices
	Flag    SettingKind = "flag"    // "true" or "false"
	Number  SettingKind = "number"  // Min to Max
	Seconds SettingKind = "seconds" // Min to Max
	Members SettingKind = "groups"  // numbers of groups with commas between
	Address SettingKind = "address" // an e-mail, or empty
	Host    SettingKind = "host"    // a name or an IP address, or empty
	File    SettingKind = "file"    // the name of a file without its folder, or empty
)

// Descriptor describes one setting: whatever shows, checks or keeps settings goes by this
// table.
type Descriptor struct {
	Name     string
	Kind     SettingKind
	Min, Max int64
	Choices  []string
	Default  string
	Wire     uint64 // its key in the row that terminals copy; 0: it stays at the hub
	Admin    bool   // only administrators set it: it says where links to log in go, or what new accounts may do
	FR, EN   string // what it is, for people

	field func(*Site) any // a pointer to its field
}

const year = int64(366 * 24 * time.Hour / time.Second)

// Descriptors are all settings, in the order in which people read them.
var Descriptors = []Descriptor{
	{Name: "name", Kind: Text, Min: 1, Max: 200, Default: "badged", Wire: 1,
		FR: "Nom du site", EN: "Name of the site", field: func(s *Site) any { return &s.Name }},
	{Name: "lang", Kind: Choice, Choices: []string{"fr", "en"}, Default: "fr", Wire: 4,
		FR: "Langue du site", EN: "Language of the site", field: func(s *Site) any { return &s.Lang }},
	{Name: "time_zone", Kind: Zone, Default: "Europe/Paris", Wire: 18,
		FR: "Fuseau horaire des horaires et jours fériés", EN: "Time zone of schedules and holidays", field: func(s *Site) any { return &s.TimeZone }},

	{Name: "unknown_badge", Kind: Choice, Choices: []string{"refuse", "bind", "create"}, Default: "create", Wire: 2,
		FR: "Badge inconnu sur une imprimante", EN: "Unknown badge at a printer", field: func(s *Site) any { return &s.UnknownBadge }},
	{Name: "unknown_badge_groups", Kind: Members, Admin: true,
		FR: "Groupes des comptes nés d'un badge inconnu", EN: "Groups of accounts made by an unknown badge",
		field: func(s *Site) any { return &s.UnknownBadgeGroups }},
	{Name: "web", Kind: Flag, Default: "false", Admin: true,
		FR: "Inscription par le web", EN: "Registration on the web", field: func(s *Site) any { return &s.Web }},
	{Name: "web_groups", Kind: Members, Admin: true,
		FR: "Groupes des inscrits par le web", EN: "Groups of who registers on the web", field: func(s *Site) any { return &s.WebGroups }},
	{Name: "mail", Kind: Flag, Default: "false", Admin: true,
		FR: "Inscription par courriel", EN: "Registration by mail", field: func(s *Site) any { return &s.Mail }},
	{Name: "mail_groups", Kind: Members, Admin: true,
		FR: "Groupes des inscrits par courriel", EN: "Groups of who registers by mail", field: func(s *Site) any { return &s.MailGroups }},
	{Name: "job", Kind: Flag, Default: "false", Admin: true,
		FR: "Inscription par un travail d'impression", EN: "Registration by a print job", field: func(s *Site) any { return &s.Job }},
	{Name: "job_groups", Kind: Members, Admin: true,
		FR: "Groupes des inscrits par un travail d'impression", EN: "Groups of who registers by a print job",
		field: func(s *Site) any { return &s.JobGroups }},

	{Name: "edit_profile", Kind: Flag, Default: "true", Wire: 5,
		FR: "Profil modifiable sur l'imprimante", EN: "Profiles can be edited at printers", field: func(s *Site) any { return &s.EditProfile }},
	{Name: "confirm", Kind: Choice, Choices: []string{"none", "owner", "admin"}, Default: "none", Wire: 3,
		FR: "Qui confirme une nouvelle carte", EN: "Who confirms a new card", field: func(s *Site) any { return &s.Confirm }},
	{Name: "cards_per_person", Kind: Choice, Choices: []string{"many", "one"}, Default: "many",
		FR: "Cartes par personne", EN: "Cards for each person", field: func(s *Site) any { return &s.Cards }},
	{Name: "code_digits", Kind: Number, Min: 4, Max: 8, Default: "4", Wire: 6,
		FR: "Chiffres d'un code d'enregistrement", EN: "Digits of a claim code", field: func(s *Site) any { return &s.CodeDigits }},
	{Name: "claim_window", Kind: Seconds, Min: 5, Max: 300, Default: "30", Wire: 7,
		FR: "Temps entre le code et la carte", EN: "Time between code and card", field: func(s *Site) any { return &s.ClaimWindow }},
	{Name: "guess_budget", Kind: Number, Min: 1, Max: 100, Default: "8", Wire: 8,
		FR: "Codes faux avant la fermeture", EN: "Wrong codes before claiming closes", field: func(s *Site) any { return &s.GuessBudget }},
	{Name: "pin_digits", Kind: Number, Min: 4, Max: 16, Default: "6",
		FR: "Chiffres d'un nouveau code PIN", EN: "Digits of a new PIN", field: func(s *Site) any { return &s.PINDigits }},

	{Name: "quota_burst", Kind: Number, Min: 1, Max: 1000, Default: "60", Wire: 10,
		FR: "Nouveaux comptes par terminal en 10 minutes", EN: "New accounts at a terminal in 10 minutes", field: func(s *Site) any { return &s.QuotaBurst }},
	{Name: "quota_day", Kind: Number, Min: 1, Max: 100_000, Default: "300", Wire: 11,
		FR: "Nouveaux comptes par terminal et jour", EN: "New accounts at a terminal in a day", field: func(s *Site) any { return &s.QuotaDay }},
	{Name: "quota_site", Kind: Number, Min: 1, Max: 1_000_000, Default: "2000", Wire: 12,
		FR: "Comptes anonymes du site", EN: "Anonymous accounts of the site", field: func(s *Site) any { return &s.QuotaSite }},
	{Name: "anonymous_life", Kind: Seconds, Min: 3600, Max: 10 * year, Default: "2592000", Wire: 13,
		FR: "Vie d'un compte anonyme", EN: "Life of an anonymous account", field: func(s *Site) any { return &s.AnonymousLife }},
	{Name: "ask", Kind: Text, Max: 120, Wire: 21,
		FR: "À qui s'adresser, sur les imprimantes", EN: "Whom to ask, at printers", field: func(s *Site) any { return &s.Ask }},
	{Name: "session_idle", Kind: Seconds, Min: 5, Max: 3600, Default: "60", Wire: 14,
		FR: "Fin d'une session inactive", EN: "End of an idle session", field: func(s *Site) any { return &s.SessionIdle }},
	{Name: "session_max", Kind: Seconds, Min: 30, Max: 3600, Default: "600", Wire: 16,
		FR: "Fin de toute session", EN: "End of any session", field: func(s *Site) any { return &s.SessionMax }},

	{Name: "mail_out", Kind: Choice, Choices: []string{"none", "smtp", "sendmail"}, Default: "none", Admin: true,
		FR: "Envoi des courriels", EN: "How mails go out", field: func(s *Site) any { return &s.MailOut }},
	{Name: "mail_server", Kind: Host, Admin: true,
		FR: "Serveur de courriel", EN: "Mail server", field: func(s *Site) any { return &s.MailServer }},
	{Name: "mail_port", Kind: Number, Min: 1, Max: 65535, Default: "587", Admin: true,
		FR: "Port du serveur de courriel", EN: "Port of the mail server", field: func(s *Site) any { return &s.MailPort }},
	{Name: "mail_security", Kind: Choice, Choices: []string{"starttls", "tls", "none"}, Default: "starttls", Admin: true,
		FR: "Sécurité de la connexion au serveur de courriel", EN: "Security of the connection to the mail server",
		field: func(s *Site) any { return &s.MailSecurity }},
	{Name: "mail_user", Kind: Text, Max: 200, Admin: true,
		FR: "Utilisateur auprès du serveur de courriel", EN: "User at the mail server", field: func(s *Site) any { return &s.MailUser }},
	{Name: "mail_password_file", Kind: File, Admin: true,
		FR: "Fichier du mot de passe, dans le dossier secrets du serveur", EN: "File with the password, in the hub's folder secrets",
		field: func(s *Site) any { return &s.MailPasswordFile }},
	{Name: "mail_from", Kind: Address, Admin: true,
		FR: "Adresse d’expédition", EN: "Address that mails come from", field: func(s *Site) any { return &s.MailFrom }},
	{Name: "new_account_mail", Kind: Choice, Choices: []string{"pin", "link"}, Default: "pin", Admin: true,
		FR: "Le courriel de bienvenue contient", EN: "The welcome mail has", field: func(s *Site) any { return &s.NewAccountMail }},

	{Name: "keep_events", Kind: Number, Min: 1, Max: 120, Default: "3",
		FR: "Mois de conservation des passages", EN: "Months for which events are kept", field: func(s *Site) any { return &s.KeepEvents }},
	{Name: "keep_audit", Kind: Number, Min: 1, Max: 120, Default: "12",
		FR: "Mois de conservation du journal", EN: "Months for which the audit log is kept", field: func(s *Site) any { return &s.KeepAudit }},
	{Name: "keep_mails", Kind: Number, Min: 1, Max: 3660, Default: "30",
		FR: "Jours de conservation des courriels", EN: "Days for which mails are kept", field: func(s *Site) any { return &s.KeepMails }},
}
