-- Asks the gate about a request and leaves its answer in variables.
local GATE = "http://127.0.0.1:8081/?scope=webdav"

local ANSWERS = {
    gate_user = "remote-user",
    gate_email = "remote-email",
    gate_role = "remote-role",
    gate_scope = "remote-scope",
    gate_challenge = "www-authenticate",
    gate_retry = "retry-after",
}

core.register_action("gate", { "http-req" }, function(txn)
    local sent = txn.http:req_get_headers()
    local ask = { ["x-forwarded-for"] = { txn.sf:src() } }
    for _, name in ipairs({ "authorization", "x-auth-token", "user-agent" }) do
        if sent[name] then
            ask[name] = {}
            -- All of them, from 0 on: the gate refuses what comes twice.
            for at = 0, #sent[name] do
                table.insert(ask[name], sent[name][at])
            end
        end
    end
    local answer = core.httpclient():get({ url = GATE, headers = ask, timeout = 40000 })
    txn:set_var("txn.gate_status", answer.status)
    for variable, name in pairs(ANSWERS) do
        local values = answer.headers and answer.headers[name]
        txn:set_var("txn." .. variable, values and values[0] or "")
    end
end)
