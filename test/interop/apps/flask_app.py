"""The routes of the contract (app-stack.suite.ts) in Flask: flask_app.py RECIPE PORT."""
import sys
import urllib.request

from flask import jsonify, request, session

recipe = {"__name__": "__main__"}
exec(open(sys.argv[1]).read(), recipe)
app = recipe["app"]


@app.route("/login")
def login():
    session.clear()
    session["user"] = request.args["user"]
    return "welcome"


@app.route("/set")
def put():
    session.get("user")
    if "gate" in request.args:
        urllib.request.urlopen(request.args["gate"]).read()
    session[request.args["key"]] = request.args["value"]
    return "set"


@app.route("/show")
def show():
    return jsonify({key: value for key, value in session.items() if key != "_permanent"})


@app.route("/logout")
def logout():
    session.clear()
    return "bye"


@app.route("/")
def up():
    return "up"


app.run("127.0.0.1", int(sys.argv[2]), threaded=True)
