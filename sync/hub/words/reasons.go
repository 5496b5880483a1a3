package words

// reason is what a reason of an event means to people, and what to do about it.
type reason struct{ what, todo text }

// Reason says in a sentence what the reason of an event means, and what to do; todo may be
// empty. A reason without words, of a newer terminal, is as it is.
func Reason(lang, name string) (what, todo string) {
	r, ok := reasons[name]
	if !ok {
		return name, ""
	}
	return r.what.in(lang), r.todo.in(lang)
}

var (
	nothing = text{"", ""}
	disk    = text{"Regardez le disque de ce terminal.", "Look at the disk of that terminal."}
	goLook  = text{"Allez voir sur place.", "Go and look."}
)

// reasons has the words of docs/reasons.md, without commands of a command line.
var reasons = map[string]reason{
	"no_card": {text{"Ses droits ouvriraient cette porte, mais cette personne n’a aucune carte.", "The rights would open this door, but this person has no card."},
		text{"Donnez-lui une carte, ou un code pour en enregistrer une.", "Give them a card, or a code to register one."}},
	"known_card":  {text{"La carte est connue et le droit est là.", "The card is known, and the right is there."}, nothing},
	"known_pin":   {text{"Le code PIN est connu.", "The PIN is known."}, nothing},
	"new_account": {text{"Un badge inconnu a créé un compte anonyme à une imprimante.", "An unknown badge made an anonymous account at a printer."}, text{"Donnez-lui un nom, ou attribuez la carte à une personne.", "Give it a name, or give the card to a person."}},
	"claim_bound": {text{"Le code et la carte sont venus ensemble\u00a0: la carte est à ce membre.", "Code and card came together: the card is the member’s."},
		text{"Rien, sauf si le membre ne s’y attendait pas\u00a0: révoquez alors la carte.", "Nothing, unless the member did not expect it: then revoke the card."}},
	"bind_offered": {text{"Un badge inconnu à une imprimante, qui propose de le rattacher à un compte.", "An unknown badge at a printer, which offers to bind it to an account."}, nothing},
	"await_card":   {text{"Un code a été tapé\u00a0; une carte peut suivre.", "A code was typed; a card may follow."}, nothing},
	"await_code":   {text{"Une carte inconnue, là où un code peut suivre.", "An unknown card where a code may follow."}, nothing},
	"await_same_card": {text{"Un bon code a rencontré une carte qui attendait\u00a0: il faut présenter la même carte encore une fois.",
		"A good code met a card that waited: the same card must be shown once more."}, nothing},
	"entry_timeout": {text{"L’autre moitié, carte ou code, n’est pas venue à temps.", "The other half, card or code, did not come in time."},
		text{"La personne peut recommencer.", "The person can try again."}},
	"unknown_card": {text{"Cette carte n’est à personne.", "This card is nobody’s."}, text{"Attribuez-la à quelqu’un si vous savez à qui elle est.", "Give it to somebody, if you know whose it is."}},
	"route_off": {text{"Un badge inconnu à une imprimante, et ce site les refuse.", "An unknown badge at a printer, and this site refuses those."},
		text{"Attribuez la carte à quelqu’un, ou laissez les badges inconnus créer un compte (réglages).", "Give the card to somebody, or let unknown badges make accounts (settings)."}},
	"code_refused": {text{"Le code était faux, utilisé, terminé ou d’un autre site. La personne n’apprend jamais lequel.", "The code was wrong, used, ended or of another site. The person is never told which."},
		text{"Donnez un nouveau code si le membre le demande\u00a0; si cela se répète, regardez qui était là.", "Issue another code if the member asks; if it comes often, look who stood there."}},
	"code_idle": {text{"Un code a été tapé alors qu’aucun n’était en cours\u00a0: il ne peut pas réussir.", "A code was typed while none was live: it cannot succeed."},
		text{"Donnez un code si un membre en demande un.", "Issue a code if a member asks for one."}},
	"claims_closed": {text{"Trop de codes faux\u00a0: l’enregistrement par le clavier est fermé à toutes les portes.", "Too many wrong codes: claiming by keypad is closed at every door."},
		text{"Cherchez qui les a tapés, puis rouvrez l’enregistrement.", "Find out who typed them, then open claiming again."}},
	"card_taken": {text{"Quelqu’un a voulu enregistrer une carte qui est à une autre personne. Son code est annulé.", "Somebody claimed a card that is another’s. The code has ended."},
		text{"Décidez à qui est la carte, puis donnez un nouveau code.", "Decide whose card it is, then issue another code."}},
	"no_grant": {text{"La personne est connue, mais n’a pas de droit à cette porte.", "The person is known, but has no right to this door."},
		text{"Donnez-lui un droit à cette porte, si elle doit l’avoir.", "Give a right to this door, if there should be one."}},
	"denied_grant": {text{"Un droit refuse cette porte à cette personne\u00a0: il l’emporte sur tous les autres.", "A grant denies this door to the person: it wins over all others."},
		text{"Retirez ce refus, si la personne doit passer.", "Remove that grant, if the person should pass."}},
	"out_of_hours": {text{"La personne a un droit à cette porte, mais pas à cette heure.", "The person has a right to this door, but not at this hour."},
		text{"Regardez l’horaire de ce droit et les jours fériés.", "Look at the schedule of that right, and at the holidays."}},
	"account_inactive": {text{"Le compte n’est pas actif, ou son temps est passé.", "The account is not active, or its time is over."}, text{"Activez le compte, s’il doit l’être.", "Activate the account, if it should be."}},
	"binding_inactive": {text{"La carte ne fonctionne pas\u00a0: en attente, contestée, perdue, remplacée, révoquée, ou son temps est passé.", "The card does not work: pending, contested, lost, replaced, revoked, or its time is over."},
		text{"Rendez la carte active, ou donnez-en une autre.", "Make the card active, or give another one."}},
	"service_account": {text{"C’est le compte d’une application\u00a0: il ne peut jamais se présenter.", "It is the account of an application: it can never be presented."}, text{"Attribuez la carte à une personne.", "Give the card to a person."}},
	"time_unknown": {text{"Un droit limité dans le temps, à un terminal qui ne connaît pas l’heure.", "A right for a time only, at a terminal that does not know the time."},
		text{"Rétablissez la liaison du terminal avec le serveur, ou changez le réglage de la porte pour l’heure inconnue.", "Let the terminal reach the hub, or change what the door does with an unknown time."}},
	"stale_snapshot": {text{"Le terminal n’a pas eu de nouvelles du serveur depuis plus longtemps que la porte ne l’admet.", "The terminal has not heard from the hub for longer than the door accepts."},
		text{"Regardez le réseau de ce terminal.", "Look at the network of that terminal."}},
	"not_understood": {text{"Le programme du terminal est trop ancien pour un réglage qu’il doit comprendre.", "The terminal’s program is too old for something that it must understand."}, text{"Mettez badged à jour sur ce terminal.", "Update badged on that terminal."}},
	"random_uid": {text{"Le numéro de cette carte change à chaque passage.", "The number of this card changes with every tap."},
		text{"Une telle carte ne peut pas être reconnue\u00a0: donnez-en une autre.", "Such a card cannot be known: give another one."}},
	"cut_uid": {text{"Le lecteur n’envoie que quatre octets d’un numéro plus long, que d’autres cartes partagent.", "The reader sends four bytes of a longer number, which other cards share."},
		text{"Réglez le lecteur pour qu’il envoie le numéro entier.", "Set the reader to send the whole number."}},
	"bad_read": {text{"Ce que le lecteur a envoyé n’est pas lisible.", "What the reader sent cannot be decoded."},
		text{"Une fois, rien. Souvent\u00a0: regardez le lecteur, son câble et son protocole.", "Once, nothing. Often: look at the reader, its cable and its protocol."}},
	"pin_unknown": {text{"Aucun compte n’a ce code PIN.", "No account has this PIN."}, text{"Donnez un nouveau code PIN si le membre le demande.", "Issue a new PIN if the member asks."}},
	"pin_delayed": {text{"Après des codes PIN faux, ce point n’en prend plus pendant un moment.", "After wrong PINs this point takes none for a while."},
		text{"Attendez\u00a0; si cela se répète, regardez qui était là.", "Wait; if it comes often, look who stood there."}},
	"quota_reached": {text{"Trop de nouveaux comptes à ce terminal\u00a0: le badge inconnu a été refusé.", "Too many new accounts at this terminal: the unknown badge was refused."},
		text{"Relevez la limite dans les réglages, si les gens sont de bonne foi.", "Raise the quota in the settings, if people are honest."}},
	"accounts_closed": {text{"Une limite de nouveaux comptes est atteinte\u00a0: les badges inconnus sont refusés.", "A quota of new accounts is used up: unknown badges are refused."},
		text{"Regardez les comptes anonymes, puis relevez la limite dans les réglages s’il le faut.", "Look at the anonymous accounts, then raise the quota in the settings if need be."}},
	"store_failed":         {text{"Le terminal ne peut pas écrire\u00a0: rien de nouveau n’est accordé.", "The terminal cannot write: nothing new is granted."}, disk},
	"database_quarantined": {text{"La base de données du terminal était abîmée\u00a0; elle est mise de côté et refaite depuis le serveur.", "The terminal’s database was corrupt; it was kept aside, and is rebuilt from the hub."}, disk},
	"events_lost":          {text{"Des événements sont venus pendant que le terminal ne pouvait pas écrire.", "Events came while the terminal could not write."}, disk},
	"signed_out":           {text{"La personne a terminé sa session.", "The person ended the session."}, nothing},
	"session_idle":         {text{"Personne n’a touché l’écran, et la session s’est terminée.", "Nobody touched the panel, and the session ended."}, nothing},
	"session_limit":        {text{"La durée maximale d’une session est passée.", "The longest time of a session ended it."}, nothing},
	"session_replaced":     {text{"Un autre badge a terminé la session.", "Another badge ended the session."}, nothing},
	"notice_accepted":      {text{"La personne a accepté la politique de confidentialité à un écran.", "The person agreed to the privacy notice at a panel."}, nothing},
	"notice_refused": {text{"La personne a refusé la politique de confidentialité à un écran, et sa session s’est terminée.", "The person refused the privacy notice at a panel, and was signed out."},
		text{"Rien\u00a0: elle sera de nouveau interrogée.", "Nothing: they are asked again."}},
	"card_added": {text{"La personne, connectée par son code PIN, a ajouté un badge à son compte.", "The person, logged in by PIN, added a badge to their account."},
		text{"Rien, sauf si le membre ne s’y attendait pas\u00a0: retirez alors ce badge.", "Nothing, unless the member did not expect it: then revoke that badge."}},
	"profile_edited": {text{"La personne a changé son profil à un écran.", "The person changed their profile at a panel."}, nothing},
	"profile_refused": {text{"La personne a voulu changer ce que le site ne lui laisse pas changer.", "The person wanted to change what the site does not let them."},
		text{"Permettez-le dans les réglages, si cela doit être.", "Allow it in the settings, if they should."}},
	"door_forced":  {text{"La porte s’est ouverte sans droit et sans le bouton de sortie.", "The door opened without a grant and without the exit button."}, goLook},
	"door_held":    {text{"La porte reste ouverte trop longtemps.", "The door stands open too long."}, text{"Allez la fermer.", "Go and close it."}},
	"door_opened":  {text{"La porte s’est ouverte.", "The door opened."}, nothing},
	"door_closed":  {text{"La porte est refermée.", "The door is closed again."}, nothing},
	"exit_button":  {text{"Quelqu’un est sorti par le bouton de sortie.", "Somebody left by the exit button."}, nothing},
	"device_up":    {text{"Un lecteur répond.", "A reader answers."}, nothing},
	"device_down":  {text{"Un lecteur a disparu ou se tait.", "A reader is gone or silent."}, text{"Regardez son câble et son alimentation.", "Look at its cable and its power."}},
	"device_alarm": {text{"Un lecteur signale qu’on y a touché, ou ce que seul quelqu’un peut juger.", "A reader reports that it was tampered with, or something that only a person can judge."}, goLook},
	"alarm_over":   {text{"La cause de l’alarme d’un lecteur est passée.", "What a reader raised an alarm for is over."}, nothing},
	"device_keyed": {text{"Un lecteur a reçu une nouvelle clé.", "A reader was given a new key."}, text{"Rien, sauf si personne ne l’a fait.", "Nothing, unless nobody did it."}},
	"terminal_started": {text{"Le programme a démarré sur le terminal.", "The program started on the terminal."},
		text{"Une fois, rien. Souvent\u00a0: regardez son alimentation.", "Once, nothing. Often: look at its power."}},
}
