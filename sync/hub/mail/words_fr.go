package mail

// french are the default templates in French.
var french = map[Purpose]wording{
	Activate: {`{{.site}} : activez votre compte`, `
Bonjour{{if .name}} {{.name}}{{end}},

Un compte vous attend sur {{.site}}. Choisissez votre mot de passe pour l’activer.

Activer mon compte : {{.link}}

Ce lien sert une seule fois, jusqu’au {{.until}}. S’il est passé, demandez-en un autre à votre responsable.
`},
	Reset: {`{{.site}} : choisissez un nouveau mot de passe`, `
Bonjour{{if .name}} {{.name}}{{end}},

Quelqu’un, sans doute vous, a demandé un nouveau mot de passe.

Choisir un mot de passe : {{.link}}

Ce lien sert une seule fois, jusqu’au {{.until}}.

Ce n’était pas vous ? Ne faites rien : votre mot de passe ne change pas.
`},
	NewAccount: {`{{.site}} : votre compte est créé`, `
Bonjour{{if .name}} {{.name}}{{end}},

Votre compte est créé.

Nom d’utilisateur : {{.user_name}}

Code PIN : {{.pin}}

Tapez ce code à l’imprimante, ou utilisez-le avec votre nom d’utilisateur. Ne le donnez à personne.

Confirmer mon adresse et choisir un mot de passe : {{.link}}

Ce lien sert une seule fois, jusqu’au {{.until}}. D’ici votre confirmation, seule l’impression vous est ouverte. Ensuite, le code PIN ci-dessus ne vaut plus : un nouveau code vous attend sur votre page.

Vous n’avez rien demandé ? Prévenez l’accueil.
`},
	NewAccountLink: {`{{.site}} : votre compte est créé`, `
Bonjour{{if .name}} {{.name}}{{end}},

Votre compte est créé. Votre nom d’utilisateur est {{.user_name}}.

Confirmer mon adresse et choisir un mot de passe : {{.link}}

Ce lien sert une seule fois, jusqu’au {{.until}}.

Vous n’avez rien demandé ? Ne faites rien.
`},
	AddressKnown: {`{{.site}} : vous avez déjà un compte`, `
Bonjour{{if .name}} {{.name}}{{end}},

Quelqu’un, peut-être vous, a voulu créer un compte avec votre adresse. Vous en avez déjà un : rien n’a changé.

Se connecter : {{.link}}

Mot de passe oublié ? La page de connexion permet d’en choisir un autre.
`},
	Register: {`{{.site}} : inscrivez-vous`, `
Bonjour,

Vous pouvez créer votre compte sur {{.site}}.

S’inscrire : {{.link}}

Si vous n’attendiez pas ce courriel, ne faites rien.
`},
	Invite: {`{{.site}} : vous êtes invité`, `
Bonjour{{if .name}} {{.name}}{{end}},

Vous êtes invité à devenir membre de {{.site}}. Choisissez votre mot de passe, puis enregistrez votre carte d’accès.

Accepter l’invitation : {{.link}}

Ce lien sert une seule fois, jusqu’au {{.until}}.
`},
	CardStopped: {`{{.site}} : votre carte n’est pas encore enregistrée`, `
Bonjour{{if .name}} {{.name}}{{end}},

Vous avez commencé à enregistrer votre carte d’accès, sans aller au bout. Prenez votre carte, connectez-vous et continuez où vous en étiez.

Enregistrer ma carte : {{.link}}

Ce courriel ne contient aucun code : il vous sera donné une fois connecté.
`},
	CardBound: {`{{.site}} : une carte est enregistrée à votre nom`, `
Bonjour{{if .name}} {{.name}}{{end}},

La carte {{.card}} est enregistrée à votre nom depuis le {{.at}}{{if .door}}, à la porte {{.door}}{{end}}.

Si c’était vous, il n’y a rien à faire.

Ce n’est pas moi : {{.link}}

Ce lien retire la carte, jusqu’au {{.until}}.
`},
	CardUndone: {`{{.site}} : la carte est retirée`, `
Bonjour{{if .name}} {{.name}}{{end}},

La carte {{.card}} n’est plus à votre nom depuis le {{.at}}. Elle n’ouvre plus rien pour vous.
`},
	Merge: {`{{.site}} : ces deux comptes sont-ils à vous ?`, `
Bonjour{{if .name}} {{.name}}{{end}},

Quelqu’un a donné votre adresse depuis le compte {{.other}}. Si c’était vous, confirmez : les deux comptes n’en feront plus qu’un, le vôtre.

Confirmer : {{.link}}

Ce lien sert une seule fois, jusqu’au {{.until}}.

Ce n’était pas vous ? Ne faites rien : votre compte ne change pas.
`},
	EmailChange: {`{{.site}} : confirmez votre nouvelle adresse`, `
Bonjour{{if .name}} {{.name}}{{end}},

Confirmez que {{.address}} est votre adresse. Vous vous connecterez ensuite avec elle.

Confirmer mon adresse : {{.link}}

Ce lien sert une seule fois, jusqu’au {{.until}}.

Vous n’avez rien demandé ? Ne faites rien.
`},
	EmailChanged: {`{{.site}} : votre adresse a changé`, `
Bonjour{{if .name}} {{.name}}{{end}},

Depuis le {{.at}}, l’adresse de votre compte est {{.address}}. L’ancienne ne sert plus.

Ce n’était pas vous ? Prévenez tout de suite votre responsable.
`},
	Test: {`{{.site}} : courriel d’essai`, `
Bonjour,

Ce courriel est un essai. S’il vous est arrivé, les courriels de {{.site}} partent bien.
`},
}
