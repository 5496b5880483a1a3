// Package page is what the parts of the hub's web are made of: the door, my space and
// management. A part is a table of routes with the right that each needs, a folder of
// templates, and its texts in French and English:
//
//	func Part() page.Part {
//		return page.Part{
//			Name: "door", Layout: page.Narrow, Templates: templates, Texts: page.Texts{"fr": french, "en": english},
//			Routes: []page.Route{
//				{Method: "GET", Path: "/oublie", Right: page.Anyone, Handle: showForgotten},
//				{Method: "POST", Path: "/oublie", Right: page.Anyone, Handle: sendReset},
//			},
//		}
//	}
//
// A handler reads and changes the store as the person who asks, and gives a Reply: a page,
// a redirect or a file. An error that is a refusal is shown in its words; any other is a
// failure that only the hub's log tells.
//
//	func sendReset(r *page.Request) (page.Reply, error) {
//		f := r.Form()
//		err := r.Write(func(tx fleet.Tx) error { return people.SendReset(tx.Tx.Tx.Tx, f.Value("email")) })
//		if err = f.Explain(err, page.Fields{people.CodeEmailBad: "email"}); err != nil {
//			return page.Reply{}, err
//		}
//		if !f.OK() {
//			return page.Show("door/forgotten", r.T("door.forgotten.title"), forgotten{f}).Refused(), nil
//		}
//		return page.Go("/").Flash("door.forgotten.sent"), nil
//	}
//
// The template pages/forgotten.html of the part is called "door/forgotten". It gets a *View,
// which has the handler's data in .Data:
//
//	{{template "top" .}}
//	<form method="post" action="/oublie">
//	{{template "input" (.Field .Data.Form "email" "door.email" "type=email" "autocomplete=username")}}
//	{{template "submit" (.T "door.forgotten.send")}}
//	</form>
//	{{template "bottom" .}}
//
// Every page works without script. A region with an id and data-live is fetched again when
// the hub has news. Package webtest beside this one is the stand that parts are tested on.
package page
