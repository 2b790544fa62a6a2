namespace KVCluster.Silo.Gateway.OpenApi;

/// <summary>The sessions API. The examples work one after another.</summary>
internal static class SessionOperations
{
    private const string One = "/v1/sessions/{id}";

    public static IEnumerable<ApiOperation> All() =>
    [
        new("POST", "/v1/sessions", "createSession", "Creates a session.")
        {
            Role = CallerRole.User,
            Status = 201,
            Request = "SessionRequest",
            Example = """{"id":"notes","system":"Answer briefly.","priority":0}""",
            Response = SessionJson.Web.SessionBody,
        },
        new("GET", "/v1/sessions", "listSessions", "A page of the tenant's sessions, by id.")
        {
            Role = CallerRole.Reader,
            Response = SessionJson.Web.SessionList,
            Query = [("after", "string", "the last id of the page before"), ("limit", "integer", "sessions of a page, 1 to 1000; 100 where it is absent")],
        },
        new("GET", One, "showSession", "What a session is and holds: bytes by tier and node, tokens kept by layer and head, compressions.")
        {
            Role = CallerRole.Reader,
            Response = SessionJson.Web.SessionBody,
        },
        new("POST", One + "/append", "appendToSession", "Adds to the history without an answer.")
        {
            Role = CallerRole.User,
            Request = "AppendRequest",
            Example = """{"message":"The gate code for amber-falcon is 48213. "}""",
            Response = SessionJson.Web.TurnBody,
            Headers = [ApiDocument.KeyHeader],
        },
        new("POST", One + "/messages", "saySomething", "Says something and answers; as a stream, events 'piece' and at the end 'turn'.")
        {
            Role = CallerRole.User,
            Request = "MessageRequest",
            Example = """{"message":"What is the gate code for amber-falcon?","sampling":{"max_tokens":24}}""",
            Response = SessionJson.Web.TurnBody,
            Streams = true,
            Headers = [ApiDocument.KeyHeader],
        },
        new("GET", One + "/history", "readHistory", "The history's tokens and text.")
        {
            Role = CallerRole.Reader,
            Response = SessionJson.Web.HistoryBody,
            Query = [("start", "integer", "the first token"), ("count", "integer", "how many")],
        },
        new("POST", One + "/cancel", "cancelTurn", "Ends the running answer, which counts as made; 202 where one was running.") { Role = CallerRole.User, Status = 204 },
        new("POST", One + "/fork", "forkSession", "Begins another session with this history; caches share their pages.")
        {
            Role = CallerRole.User,
            Status = 201,
            Request = "ForkRequest",
            Example = """{"session":"notes-fork"}""",
            Response = SessionJson.Web.SessionBody,
        },
        new("POST", One + "/compress", "compressSession", "Cuts the cache down to what a policy keeps; the history stays whole.")
        {
            Role = CallerRole.User,
            Request = "CompressRequest",
            Example = """{"keep":0.5,"policy":"kvcompose-unstructured"}""",
            Response = SessionJson.Web.SessionBody,
        },
        new("POST", One + "/pin", "pinSession", "Keeps the cache from being cut or taken off its device for want of memory, for a time.")
        {
            Role = CallerRole.User,
            Request = "PinRequest",
            Example = """{"seconds":60}""",
            Response = SessionJson.Web.SessionBody,
        },
        new("POST", One + "/make-whole", "makeSessionWhole", "Brings the exact cache back.") { Role = CallerRole.User, Response = SessionJson.Web.SessionBody },
        new("POST", One + "/demote", "demoteSession", "Takes the cache off its device, saved first.") { Role = CallerRole.Admin, Response = SessionJson.Web.SessionBody },
        new("POST", One + "/move", "moveSession", "Moves the session with its cache to another node.")
        {
            Role = CallerRole.Admin,
            Status = 202,
            Request = "MoveRequest",
            Example = """{"node":"node-1"}""",
        },
        new("GET", One + "/export", "exportSession", "History, options and recorded turns as a file with a checksum.") { Role = CallerRole.User },
        new("POST", One + "/import", "importSession", "Begins a session with what a file holds.")
        {
            Role = CallerRole.User,
            Status = 201,
            Request = "SessionFile",
            Response = SessionJson.Web.SessionBody,
        },
        new("DELETE", One, "closeSession", "Closes a session for good: history, cache and cold copies go.") { Role = CallerRole.User, Status = 204 },
        new("GET", "/v1/nodes", "listNodes", "Nodes and devices: bytes free, evictable and pinned make up the total.")
        {
            Role = CallerRole.Reader,
            Response = SessionJson.Web.IReadOnlyListNodeBody,
        },
    ];
}
