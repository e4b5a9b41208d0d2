// The web app with a database that the tests deploy: a list of products, and switches to misbehave. Its migrations are
// run by golang-migrate, which lies beside it in the image.
//
//	shop            migrates as the owner of the schema, then serves as the app's role
//	shop migrate    migrates, and ends
//	shop health     asks the one that runs
package main

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	_ "github.com/lib/pq"
)

const listen = ":8080"

// What golang-migrate says of a database that a newer version migrated: there is nothing to do for this one.
const newer = "no migration found for version"

func main() {
	var err error
	switch strings.Join(os.Args[1:], " ") {
	case "":
		if err = migrate(); err == nil {
			err = serve()
		}
	case "migrate":
		err = migrate()
	case "health":
		err = health()
	default:
		err = errors.New("usage: shop [migrate|health]")
	}
	if err != nil {
		log.Fatal("shop: ", err)
	}
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// The address of the database for a role; its password is a secret's file.
func database(role string) (string, error) {
	password, err := os.ReadFile("/run/secrets/" + role + "_password")
	if err != nil {
		return "", err
	}
	host := setting("DATABASE_HOST", "db")
	return fmt.Sprintf("postgres://shop_%s:%s@%s:5432/shop?sslmode=disable", role, strings.TrimSpace(string(password)), host), nil
}

// Swarm starts the services of a stack in no order.
func waitForDatabase() {
	address := setting("DATABASE_HOST", "db") + ":5432"
	for range 240 {
		if connection, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			connection.Close()
			return
		}
		time.Sleep(250 * time.Millisecond)
	}
}

func migrate() error {
	waitForDatabase()
	address, err := database("owner")
	if err != nil {
		return err
	}
	var said bytes.Buffer
	command := exec.Command("/migrate", "-path", "/migrations", "-database", address, "up")
	command.Stdout, command.Stderr = os.Stdout, io.MultiWriter(os.Stderr, &said)
	if err := command.Run(); err != nil && !strings.Contains(said.String(), newer) {
		return fmt.Errorf("migrating: %w", err)
	}
	if os.Getenv("SHOP_SEEDS_ALWAYS") == "" {
		return nil
	}
	db, err := sql.Open("postgres", address)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec("INSERT INTO settings (key, value) VALUES ('theme', 'light')")
	return err
}

func serve() error {
	address, err := database("app")
	if err != nil {
		return err
	}
	db, err := sql.Open("postgres", address)
	if err != nil {
		return err
	}
	if os.Getenv("SHOP_LISTENS") != "" {
		if _, err := db.Exec("LISTEN orders"); err != nil {
			return err
		}
	}
	http.HandleFunc("GET /{$}", func(answer http.ResponseWriter, _ *http.Request) { products(answer, db) })
	http.HandleFunc("POST /orders", func(answer http.ResponseWriter, request *http.Request) { order(answer, request, db) })
	server := &http.Server{Addr: listen}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-stop
		// The proxy goes on sending for a moment.
		time.Sleep(2 * time.Second)
		server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func products(answer http.ResponseWriter, db *sql.DB) {
	query := fmt.Sprintf("SELECT name, %s FROM products ORDER BY name", setting("SHOP_PRICE", "price_cents"))
	if prices := os.Getenv("SHOP_PRICES"); prices != "" {
		query = fmt.Sprintf("SELECT name, coalesce(cents, 0) FROM products LEFT JOIN %s ON product_id = id", prices)
	}
	rows, err := db.Query(query)
	if err != nil {
		http.Error(answer, err.Error(), http.StatusInternalServerError)
		return
	}
	defer rows.Close()
	fmt.Fprintf(answer, "shop %s\n", os.Getenv("SHOP_VERSION"))
	for rows.Next() {
		var name string
		var price int
		if err := rows.Scan(&name, &price); err != nil {
			http.Error(answer, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(answer, "%s %d\n", name, price)
	}
}

func order(answer http.ResponseWriter, request *http.Request, db *sql.DB) {
	var id int
	row := db.QueryRow("INSERT INTO orders (product_id) SELECT id FROM products WHERE name = $1 RETURNING id", request.FormValue("product"))
	if err := row.Scan(&id); err != nil {
		http.Error(answer, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(answer, "order %d\n", id)
}

func health() error {
	answer, err := http.Get("http://127.0.0.1" + listen + "/")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("status %d: %s", answer.StatusCode, strings.TrimSpace(string(body)))
	}
	return nil
}
