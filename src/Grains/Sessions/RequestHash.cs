using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace KVCluster.Grains;

/// <summary>
/// Tells two requests with one idempotency key apart: a hash of all that says what is to be done. What is left at its default does not
/// count, so a field added later changes no hash of before.
/// </summary>
internal static class RequestHash
{
    private const int Bytes = 16;

    private static readonly JsonSerializerOptions Json = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault };

    public static string Of(AppendRequest request) => Hash("append", request.Prompt, null);

    public static string Of(GenerateRequest request) => Hash("generate", request.Prompt, request.Sampling);

    public static string Of(SessionOptions options) => Hash(options);

    private static string Hash(string verb, Prompt? prompt, SamplingSettings? sampling) => Hash(new Body(verb, prompt, sampling));

    private static string Hash<T>(T value)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(value, Json);
        return Convert.ToBase64String(SHA256.HashData(body).AsSpan(0, Bytes));
    }

    private sealed record Body(string Verb, Prompt? Prompt, SamplingSettings? Sampling);
}
