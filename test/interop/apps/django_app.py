"""The routes of the contract (app-stack.suite.ts) in Django: django_app.py SETTINGS PORT."""
import importlib.util
import sys
import urllib.request
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse
from django.urls import path

recipe = {"__name__": "__main__"}
exec(open(sys.argv[1]).read(), recipe)
settings.configure(
    SECRET_KEY="a key of the tests",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.sessions"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    **{name: value for name, value in recipe.items() if name.isupper()},
)
django.setup()


def login(request):
    request.session.cycle_key()
    request.session["user"] = request.GET["user"]
    return HttpResponse("welcome")


def put(request):
    request.session.get("user")
    if "gate" in request.GET:
        urllib.request.urlopen(request.GET["gate"]).read()
    request.session[request.GET["key"]] = request.GET["value"]
    return HttpResponse("set")


def show(request):
    return JsonResponse(dict(request.session.items()))


def logout(request):
    request.session.flush()
    return HttpResponse("bye")


def up(request):
    return HttpResponse("up")


urlpatterns = [
    path("", up),
    path("login", login),
    path("set", put),
    path("show", show),
    path("logout", logout),
]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *_):
        pass


make_server(
    "127.0.0.1", int(sys.argv[2]), get_wsgi_application(), server_class=Server, handler_class=Handler
).serve_forever()
