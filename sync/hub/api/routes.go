package api

import "net/http"

// routes are those of openapi.yaml.
func (s *server) routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /v1/openapi.yaml": s.description,

		"GET /v1/terminals":           read(s, s.terminals),
		"POST /v1/terminals":          s.addTerminal,
		"POST /v1/terminals/roster":   s.addRoster,
		"DELETE /v1/terminals/{name}": s.removeTerminal,

		"GET /v1/accounts":                       read(s, listAccounts),
		"POST /v1/accounts":                      change(s, addAccount),
		"GET /v1/accounts/{ref}":                 read(s, showAccount),
		"PATCH /v1/accounts/{ref}":               change(s, changeAccount),
		"POST /v1/accounts/{ref}/state":          change(s, setAccountState),
		"POST /v1/accounts/{ref}/merge":          change(s, mergeAccount),
		"POST /v1/accounts/{ref}/erase":          change(s, eraseAccount),
		"POST /v1/accounts/{ref}/export":         change(s, exportAccount),
		"GET /v1/accounts/{ref}/edits":           read(s, listEdits),
		"POST /v1/accounts/{ref}/pin":            change(s, s.issuePIN),
		"DELETE /v1/accounts/{ref}/pin":          change(s, revokePIN),
		"GET /v1/merge-requests":                 read(s, listMergeRequests),
		"GET /v1/imports":                        read(s, importList),
		"POST /v1/imports":                       s.importPeople,
		"POST /v1/imports/{id}/undo":             s.undoImport,
		"GET /v1/groups":                         read(s, listGroups),
		"POST /v1/groups":                        change(s, addGroup),
		"PATCH /v1/groups/{name}":                change(s, renameGroup),
		"DELETE /v1/groups/{name}":               change(s, removeGroup),
		"PUT /v1/groups/{name}/members/{ref}":    change(s, addMember),
		"DELETE /v1/groups/{name}/members/{ref}": change(s, removeMember),

		"GET /v1/doors":               read(s, listDoors),
		"POST /v1/doors":              change(s, setDoor),
		"DELETE /v1/doors/{name}":     change(s, removeDoor),
		"GET /v1/doors/{name}/who":    read(s, s.whoMayPass),
		"GET /v1/doors/{name}/try":    read(s, s.tryDoor),
		"GET /v1/grants":              read(s, listGrants),
		"POST /v1/grants":             change(s, addGrant),
		"DELETE /v1/grants/{id}":      change(s, removeGrant),
		"GET /v1/schedules":           read(s, listSchedules),
		"POST /v1/schedules":          change(s, setSchedule),
		"DELETE /v1/schedules/{name}": change(s, removeSchedule),
		"GET /v1/holidays":            read(s, listHolidays),
		"POST /v1/holidays":           change(s, setHoliday),
		"DELETE /v1/holidays/{day}":   change(s, removeHoliday),

		"GET /v1/claims":            read(s, listClaims),
		"POST /v1/claims":           change(s, s.issueClaim),
		"DELETE /v1/claims/{id}":    change(s, endClaim),
		"GET /v1/cards":             read(s, listCards),
		"GET /v1/cards/unknown":     read(s, listUnknownCards),
		"POST /v1/cards/{id}/state": change(s, setCardState),
		"POST /v1/cards/{id}/give":  change(s, giveCard),
		"DELETE /v1/cards/{id}":     change(s, freeCard),

		"GET /v1/site":         read(s, s.showSite),
		"PATCH /v1/site":       change(s, s.changeSite),
		"POST /v1/site/reopen": change(s, s.reopen),

		"GET /v1/events":        read(s, listEvents),
		"GET /v1/events/follow": s.followEvents,
		"GET /v1/audit":         read(s, listAudit),
		"GET /v1/audit/verify":  s.verifyAudit,
		"POST /v1/backup":       s.backupDatabase,
	}
}
