using KVCluster.Silo.Operators;

namespace KVCluster.Silo.Gateway.OpenApi;

/// <summary>What operators read and do (docs/operations/operators-guide.md).</summary>
internal static class OperatorOperations
{
    private const string Session = "/v1/cluster/sessions/{tenant}/{id}";

    public static IEnumerable<ApiOperation> All() =>
    [
        new("GET", "/v1/cluster", "showCluster", "Nodes, devices, bytes against watermarks, pressure, leases, latencies at this instant.") { Role = CallerRole.Reader },
        new("GET", "/v1/cluster/events", "watchCluster", "The same as a stream of server-sent events, one a second.") { Role = CallerRole.Reader, IsEndless = true },
        new("GET", "/v1/cluster/sessions", "listClusterSessions", "Sessions that may be seen, with bytes and tokens.")
        {
            Role = CallerRole.Reader,
            Query = [("search", "string", "a part of the id"), ("sort", "string", "bytes, tokens, used or id"), ("limit", "integer", "1 to 10000; 100 where it is absent")],
        },
        new("GET", Session, "showClusterSession", "One session with the tokens kept by layer and head over its text.")
        {
            Role = CallerRole.Reader,
            Response = OperatorJson.Web.SessionDetail,
        },
        new("POST", Session + "/{action}", "actOnSession", "compress, make-whole, demote, move or close a session.") { Role = CallerRole.Admin, Status = 204 },
        new("POST", "/v1/cluster/devices/{node}/{device}/relieve", "relieveDevice", "Acts on a device as if its high watermark had been crossed.") { Role = CallerRole.Admin, Status = 204 },
    ];
}
