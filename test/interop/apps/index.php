<?php
// The routes of the contract (app-stack.suite.ts) on PHP's own sessions; nothing names a handler here.
parse_str((string) parse_url($_SERVER['REQUEST_URI'], PHP_URL_QUERY), $query);
$route = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($route === '/') {
    exit('up');
}
session_start();
if ($route === '/login') {
    session_regenerate_id(true);
    $_SESSION = ['user' => $query['user']];
    session_write_close();
    echo 'welcome';
} elseif ($route === '/set') {
    if (isset($query['gate'])) {
        file_get_contents($query['gate']);
    }
    $_SESSION[$query['key']] = $query['value'];
    session_write_close();
    echo 'set';
} elseif ($route === '/show') {
    $shown = json_encode((object) $_SESSION);
    session_write_close();
    echo $shown;
} elseif ($route === '/logout') {
    session_destroy();
    echo 'bye';
}
