namespace KVCluster.Silo.OpenAi;

/// <summary>A request that is answered with an error in OpenAI's shape.</summary>
internal sealed class OpenAiException(int status, string type, string message, string? param = null, string? code = null) : Exception(message)
{
    public int Status { get; } = status;

    public string Type { get; } = type;

    public string? Param { get; } = param;

    public string? Code { get; } = code;

    /// <summary>When to try again, for 429 and 503.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public static OpenAiException Invalid(string? param, string message, string? code = null) => new(400, "invalid_request_error", message, param, code);

    public static OpenAiException NotFound(string message, string? param = null, string? code = null) => new(404, "invalid_request_error", message, param, code);

    public static OpenAiException Unauthorized(string message) => new(401, "authentication_error", message, code: "invalid_api_key");

    public static OpenAiException Busy(string message, TimeSpan retryAfter) =>
        new(429, "rate_limit_error", message, code: "rate_limit_exceeded") { RetryAfter = retryAfter };
}
