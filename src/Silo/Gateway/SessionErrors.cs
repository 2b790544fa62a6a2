using KVCluster.Grains;
using KVCluster.Inference;
using KVCluster.Silo.OpenAi;
using Orleans.Runtime;

namespace KVCluster.Silo.Gateway;

/// <summary>Turns what grains throw into answers for clients. Null: a fault of this program.</summary>
internal static class SessionErrors
{
    public static OpenAiException? Of(Exception error) => error switch
    {
        OpenAiException known => known,
        SessionNotFoundException => OpenAiException.NotFound("no such session", code: "session_not_found"),
        SessionClosedException => OpenAiException.NotFound(error.Message, code: "session_not_found"),
        SessionBusyException => Conflict(error.Message, "session_busy"),
        SessionExistsException => Conflict(error.Message, "session_exists"),
        IdempotencyConflictException => Conflict(error.Message, "idempotency_key_conflict"),
        HistoryMismatchException => Conflict(error.Message, "history_mismatch"),
        ModelMismatchException => Conflict(error.Message, "model_mismatch"),
        TokenBudgetException => OpenAiException.Invalid("messages", error.Message, "context_length_exceeded"),
        DeviceOverloadedException busy => OpenAiException.Busy(error.Message, busy.RetryAfter),
        NodeNotFoundException => OpenAiException.Invalid("node", error.Message, "node_not_found"),
        InvalidRequestException or InputException => OpenAiException.Invalid(null, error.Message),
        SessionUnavailableException => Unavailable(error.Message),
        OrleansException or EnumerationAbortedException => Unavailable("the session's node cannot be reached; send the request again"),
        TimeoutException => Unavailable("the session did not answer in time; send the request again"),
        _ => null,
    };

    private static OpenAiException Conflict(string message, string code) => new(409, "invalid_request_error", message, code: code);

    private static OpenAiException Unavailable(string message) =>
        new(503, "server_error", message, code: "unavailable") { RetryAfter = TimeSpan.FromSeconds(1) };
}
