package mail

// wording is the words of a template.
type wording struct{ subject, body string }

// english are the default templates in English.
var english = map[Purpose]wording{
	Activate: {`{{.site}}: activate your account`, `
Hello{{if .name}} {{.name}}{{end}},

An account is waiting for you at {{.site}}. Choose your password to activate it.

Activate my account: {{.link}}

This link works once, until {{.until}}. If that has passed, ask your manager for another one.
`},
	Reset: {`{{.site}}: choose a new password`, `
Hello{{if .name}} {{.name}}{{end}},

Somebody, probably you, asked for a new password.

Choose a password: {{.link}}

This link works once, until {{.until}}.

Was it not you? Do nothing: your password stays as it is.
`},
	NewAccount: {`{{.site}}: your account is ready`, `
Hello{{if .name}} {{.name}}{{end}},

Your account is ready.

User name: {{.user_name}}

PIN: {{.pin}}

Type this code at the printer, or use it with your user name. Give it to nobody.

Confirm my address and choose a password: {{.link}}

This link works once, until {{.until}}. Until you confirm, only printing is open to you. Then the PIN above ends: you get a new one on your page.

You did not ask for this? Tell the reception.
`},
	NewAccountLink: {`{{.site}}: your account is ready`, `
Hello{{if .name}} {{.name}}{{end}},

Your account is ready. Your user name is {{.user_name}}.

Confirm my address and choose a password: {{.link}}

This link works once, until {{.until}}.

You did not ask for this? Do nothing.
`},
	AddressKnown: {`{{.site}}: you have an account already`, `
Hello{{if .name}} {{.name}}{{end}},

Somebody, perhaps you, tried to make an account with your address. You have one already: nothing has changed.

Log in: {{.link}}

Forgotten your password? The log-in page lets you choose another one.
`},
	Register: {`{{.site}}: register`, `
Hello,

You can make your account at {{.site}}.

Register: {{.link}}

If you did not expect this mail, do nothing.
`},
	Invite: {`{{.site}}: you are invited`, `
Hello{{if .name}} {{.name}}{{end}},

You are invited to become a member of {{.site}}. Choose your password, then register your access card.

Accept the invitation: {{.link}}

This link works once, until {{.until}}.
`},
	CardStopped: {`{{.site}}: your card is not registered yet`, `
Hello{{if .name}} {{.name}}{{end}},

You began to register your access card and did not finish. Take your card, log in and go on where you stopped.

Register my card: {{.link}}

There is no code in this mail: you get it once you are logged in.
`},
	CardBound: {`{{.site}}: a card is registered in your name`, `
Hello{{if .name}} {{.name}}{{end}},

Card {{.card}} is registered in your name since {{.at}}{{if .door}}, at the door {{.door}}{{end}}.

If that was you, there is nothing to do.

It was not me: {{.link}}

This link takes the card away, until {{.until}}.
`},
	CardUndone: {`{{.site}}: the card is taken away`, `
Hello{{if .name}} {{.name}}{{end}},

Card {{.card}} is no longer yours since {{.at}}. It opens nothing for you any more.
`},
	Merge: {`{{.site}}: are both accounts yours?`, `
Hello{{if .name}} {{.name}}{{end}},

Somebody gave your address in the account {{.other}}. If that was you, confirm: both accounts become one, yours.

Confirm: {{.link}}

This link works once, until {{.until}}.

Was it not you? Do nothing: your account stays as it is.
`},
	EmailChange: {`{{.site}}: confirm your new address`, `
Hello{{if .name}} {{.name}}{{end}},

Confirm that {{.address}} is your address. You will log in with it from then on.

Confirm my address: {{.link}}

This link works once, until {{.until}}.

You did not ask for this? Do nothing.
`},
	EmailChanged: {`{{.site}}: your address has changed`, `
Hello{{if .name}} {{.name}}{{end}},

Since {{.at}} the address of your account is {{.address}}. The former one is of no use any more.

Was it not you? Tell your manager at once.
`},
	Test: {`{{.site}}: test mail`, `
Hello,

This mail is a test. If it has reached you, mails from {{.site}} go out.
`},
}
