// A document database that speaks MongoDB's protocol, for tests: FerretDB over SQLite, on one address.
//
// In: an address to listen on, a folder for data. Out: a server until it is ended. Must not know who connects:
// it checks no account and keeps no rights.
//
// Its own program wants files that only its makers have, so the part that it offers to others is used.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: os.Args[1]},
		Handler:   "sqlite",
		SQLiteURL: "file:" + os.Args[2] + "/",
	})
	if err != nil {
		log.Fatal(err)
	}
	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := server.Run(ended); err != nil {
		log.Fatal(err)
	}
}
