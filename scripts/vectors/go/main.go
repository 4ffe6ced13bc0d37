// Renders templates with the original text/template: reads cases from stdin, writes what came of each to stdout.
package main

import (
	"encoding/json"
	"log"
	"os"
	"regexp"
	"strconv"
	"strings"
	"text/template"
)

type testCase struct {
	Template string `json:"template"`
	Data     string `json:"data"`
}

// An outcome is the text, or the kind of the error and its line.
type outcome struct {
	Output *string `json:"output,omitempty"`
	Error  string  `json:"error,omitempty"`
	Line   int     `json:"line,omitempty"`
}

// The functions that workflows have besides the built-in ones.
var functions = template.FuncMap{
	"json": func(value any) (string, error) {
		text, err := json.Marshal(value)
		return string(text), err
	},
	"fromJson": func(text string) (any, error) {
		var value any
		err := json.Unmarshal([]byte(text), &value)
		return value, err
	},
	"quote": strconv.Quote,
}

var place = regexp.MustCompile(`^template: main:(\d+)`)

func main() {
	var cases []testCase
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		log.Fatal(err)
	}
	outcomes := make([]outcome, len(cases))
	for i, c := range cases {
		outcomes[i] = render(c)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(outcomes); err != nil {
		log.Fatal(err)
	}
}

func render(c testCase) outcome {
	var data any
	if err := json.Unmarshal([]byte(c.Data), &data); err != nil {
		log.Fatalf("%s: %v", c.Data, err)
	}
	t, err := template.New("main").Funcs(functions).Parse(c.Template)
	if err != nil {
		return failed("parse", err)
	}
	var text strings.Builder
	if err := t.Execute(&text, data); err != nil {
		return failed("exec", err)
	}
	output := text.String()
	return outcome{Output: &output}
}

func failed(kind string, err error) outcome {
	found := place.FindStringSubmatch(err.Error())
	if found == nil {
		log.Fatalf("no line in %q", err)
	}
	line, _ := strconv.Atoi(found[1])
	return outcome{Error: kind, Line: line}
}
