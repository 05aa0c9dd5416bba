# The routes of the contract (app-stack.suite.ts) on the sessions of Rails: rails_app.rb RECIPE PORT.
# The middleware that Rails' `session_store` puts in, in a plain Rack app: a whole Rails would start
# for seconds and add nothing to what Redis sees.
require "json"
require "net/http"
require "rack"
require "rack/handler/webrick"
require "active_support/all"
require "action_dispatch"
require "redis-actionpack"

# Takes the recipe's line as Rails' configuration would.
class Application
  attr_reader :store, :options

  def self.config
    @config ||= new
  end

  def session_store(store, **options)
    @store = ActionDispatch::Session.const_get(store.to_s.camelize)
    @options = options
  end
end
module Rails
  def self.application
    Application
  end
end
eval(File.read(ARGV[0]))

ROUTES = {
  "/" => ->(_request, _session) { "up" },
  "/login" => lambda do |request, session|
    session.options[:renew] = true
    session["user"] = request.params["user"]
    "welcome"
  end,
  "/set" => lambda do |request, session|
    session["user"]
    Net::HTTP.get(URI(request.params["gate"])) if request.params["gate"]
    session[request.params["key"]] = request.params["value"]
    "set"
  end,
  "/show" => ->(_request, session) { JSON.generate(session.to_hash) },
  "/logout" => lambda do |_request, session|
    session.destroy
    "bye"
  end
}.freeze

routes = lambda do |env|
  request = ActionDispatch::Request.new(env)
  [200, { "Content-Type" => "text/plain" }, [ROUTES.fetch(request.path).call(request, request.session)]]
end
config = Application.config
app = Rack::Builder.new do
  use ActionDispatch::Cookies
  use config.store, **config.options
  run routes
end
quiet = { Logger: WEBrick::Log.new(File::NULL), AccessLog: [] }
Rack::Handler::WEBrick.run(app, Host: "127.0.0.1", Port: Integer(ARGV[1]), **quiet)
