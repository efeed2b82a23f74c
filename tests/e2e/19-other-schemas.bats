#!/usr/bin/env bats
# Documents of others than Kubernetes: schemas that they name themselves, where the policy
# allows it; templates of CloudFormation, compose files, Terraform in JSON.

load helpers

setup() {
	begin
	make_key alice
	git init -q --bare "$T/shop.git"
	git clone -q "$T/shop.git" "$T/clone" 2>/dev/null
}

# begin_shop SCHEMA: a policy with one rule is on the protected side
begin_shop() {
	put .gitgate.yaml "version: 1
rules:
  - name: documents
    paths: [\"config/**\"]
    schema: $1"
	commit -m "begin"
	git -C "$T/clone" push -q origin main
	gitgate init "$T/shop.git" --anchor HEAD --socket none >"$T/init.out"
}

refused() { # TEXT
	commit
	push origin main
	assert_refused
	assert_tells "$1"
	git -C "$T/clone" reset -q --hard HEAD~1
}

accepted() {
	commit
	push origin main
	assert_accepted
}

@test "a document follows the schema that it names, if the policy lists it" {
	put schemas/port.json '{"$id": "https://example.org/port", "type": "object", "properties": {"port": {"type": "integer"}}}'
	put schemas/name.json '{"type": "object", "required": ["name"]}'
	begin_shop '{inline-schemas: [schemas/port.json, schemas/name.json]}'
	put config/a.json '{"$schema": "https://example.org/port", "port": "x"}'
	refused 'config/a.json:1:49: error: port must be an integer, found string "x"'
	put config/a.yaml '$schema: ../schemas/port.json
port: x'
	refused 'config/a.yaml:2:7: error: port must be an integer'
	put config/deep/a.yaml '# yaml-language-server: $schema=../../schemas/port.json
port: x
---
# yaml-language-server: $schema=schemas/name.json
port: x
---
port: x'
	refused 'config/deep/a.yaml:2:7: error: port must be an integer'
	put config/deep/a.yaml '# yaml-language-server: $schema=../../schemas/port.json
port: 1
---
# yaml-language-server: $schema=schemas/name.json
port: x'
	refused "config/deep/a.yaml:5:1: error: the document needs 'name'"
	put config/a.json '{"$schema": "https://example.org/other", "port": 1}'
	refused "config/a.json:1:13: error: the document names the schema 'https://example.org/other', which the policy does not list"
	put config/a.yaml '# yaml-language-server: $schema=../../schemas/port.json
port: 1'
	refused "which the policy does not list"
	put config/a.yaml '# yaml-language-server: $schema=../schemas/port.json
port: 1'
	put config/b.yaml 'port: this one names none'
	accepted
}

@test "without the option a document's own choice counts for nothing" {
	begin_shop '{}'
	put config/a.json '{"$schema": "https://example.org/other", "port": 1}'
	accepted
}

@test "a policy's inline schema must be there and compile" {
	put .gitgate.yaml "{version: 1, rules: [{name: a, schema: {inline-schemas: [none.json]}}]}"
	cd "$T/clone"
	run gitgate check --files .gitgate.yaml
	assert_equal "$status" 3
	assert_says ".gitgate.yaml:1:58"
}

@test "CloudFormation's short functions are tags, and stand for any value" {
	put schema.json '{"type": "object", "additionalProperties": false, "required": ["Resources"], "properties": {
	  "Parameters": {"type": "object"}, "Resources": {"type": "object", "additionalProperties": {"type": "object",
	  "required": ["Type"], "properties": {"Type": {"type": "string"}, "Properties": {"type": "object", "properties": {
	  "Port": {"type": "integer"}, "Names": {"type": "array", "items": {"type": "string", "maxLength": 3}}}}}}}}}'
	begin_shop '{file: schema.json, tags: ["!Ref", "!Sub", "!GetAtt", "!Split"]}'
	put config/stack.yaml 'Resources:
  Web:
    Type: AWS::EC2::Instance
    Properties:
      Port: !Ref Port
      Names: !Split [",", !GetAtt a.b]'
	accepted
	put config/stack.yaml 'Resources:
  Web:
    Type: AWS::EC2::Instance
    Properties:
      Port: !Ref Port
      Names: [!Sub "${a}-and-more", toolong]
  Other: {Properties: {Port: !Mistake 1}}'
	refused "config/stack.yaml:6:37: error: Resources.Web.Properties.Names[1] must have at most 3 characters, found 7"
	assert_tells "config/stack.yaml:7:10: error: Resources.Other needs 'Type'"
	assert_tells "config/stack.yaml:7:39: error: Resources.Other.Properties.Port must be an integer"
	case "$(flat)" in *"Properties.Port must be an integer, found string \"Port\""*) fail "a tag was judged" ;; esac
	# A tag says nothing about the key.
	put config/stack.yaml 'Resources: {Web: {Type: AWS::EC2::Instance}}
Parametres: !Ref Parameters'
	refused "config/stack.yaml:2:1: error: Parametres is not allowed"
}

@test "compose files and Terraform in JSON are documents with a schema" {
	put schema.json '{"type": "object", "properties": {
	  "services": {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": false,
	    "properties": {"image": {"type": "string"}, "ports": {"type": "array", "items": {"type": ["string", "integer"]}}}}},
	  "resource": {"type": "object", "additionalProperties": {"type": "object"}}}}'
	begin_shop '{file: schema.json}'
	put config/compose.yaml 'x-common: &common
  image: app:1
services:
  web:
    <<: *common
    ports: ["80:80", 443]'
	put config/main.tf.json '{"resource": {"null_resource": {"a": {}}}}'
	accepted
	put config/compose.yaml 'services:
  web: {image: app:1, port: 80}'
	refused "config/compose.yaml:2:23: error: services.web.port is not allowed"
	put config/main.tf.json '{"resource": {"null_resource": []}}'
	refused "config/main.tf.json:1:32: error: resource.null_resource must be an object, found array"
}

@test "a symbolic link where a document should stand leads to one that is judged" {
	put schema.json '{"type": "object"}'
	begin_shop '{file: schema.json}'
	put config/a.yaml 'a: 1'
	put elsewhere/list.yaml '- 1'
	put elsewhere/map.yaml 'a: 1'
	ln -s a.yaml "$T/clone/config/link.yaml"
	mkdir "$T/clone/config/deep"
	ln -s ../a.yaml "$T/clone/config/deep/link.yaml"
	accepted
	local target
	for target in ../elsewhere/list.yaml ../elsewhere/map.yaml link.yaml nowhere.yaml deep deep/../a.yaml \
		/etc/passwd ../../a.yaml . "$T/clone/config/a.yaml"; do
		ln -s "$target" "$T/clone/config/other.yaml"
		refused 'config/other.yaml: error: this is a symbolic link, and not to a file, itself no link, that the rule covers'
	done
	# What was a document becomes a link, and one again.
	ln -sf ../elsewhere/list.yaml "$T/clone/config/a.yaml"
	refused 'config/a.yaml: error: this is a symbolic link'
	rm "$T/clone/config/link.yaml"
	put config/link.yaml '- 1'
	refused 'config/link.yaml:1:1: error: the document must be an object, found array'
	ln -s ../elsewhere/list.yaml "$T/clone/elsewhere/link.yaml"
	accepted
}
