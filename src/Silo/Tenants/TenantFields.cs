using System.Text.Json;
using KVCluster.Grains;
using KVCluster.Inference;
using KVCluster.Silo.Gateway;

namespace KVCluster.Silo.Tenants;

/// <summary>Reads the fields of a tenants file; an unknown or wrong one is an error naming it.</summary>
internal static class TenantFields
{
    private const long MaxBytes = 1L << 50;
    private const double LeastShare = 0.01;
    private const double MostShare = 100;
    private static readonly string[] Known = ["id", "keys", "requestsPerMinute", "priority", "share", "guaranteedBytes", "limitBytes"];
    private static readonly Dictionary<string, CallerRole> Roles = new(StringComparer.Ordinal)
    {
        ["reader"] = CallerRole.Reader,
        ["user"] = CallerRole.User,
        ["admin"] = CallerRole.Admin,
    };

    public static IEnumerable<(string Id, TenantLimits Limits, JsonElement Tenant)> Tenants(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("tenants", out JsonElement tenants) || tenants.ValueKind != JsonValueKind.Array)
        {
            throw new InputException("an object with an array \"tenants\" is expected");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonElement tenant in tenants.EnumerateArray())
        {
            string? id = tenant.ValueKind == JsonValueKind.Object && tenant.TryGetProperty("id", out JsonElement given) && given.ValueKind == JsonValueKind.String
                ? given.GetString()
                : null;
            if (!SessionId.IsValid(id))
            {
                throw new InputException($"tenant {seen.Count}: \"id\" must be 1 to {SessionId.MaxLength} of A-Z, a-z, 0-9, '.', '_', ':', '-'");
            }

            if (!seen.Add(id))
            {
                throw new InputException($"tenant '{id}' is listed twice");
            }

            foreach (JsonProperty field in tenant.EnumerateObject().Where(f => !Known.Contains(f.Name, StringComparer.Ordinal)))
            {
                throw new InputException($"tenant '{id}': unknown field \"{field.Name}\"; known are {string.Join(", ", Known)}");
            }

            yield return (id, Limits(tenant, id), tenant);
        }
    }

    public static IEnumerable<(string Hash, CallerRole Role)> Keys(JsonElement tenant, string id)
    {
        if (!tenant.TryGetProperty("keys", out JsonElement keys) || keys.ValueKind != JsonValueKind.Array)
        {
            throw new InputException($"tenant '{id}': \"keys\" must be an array");
        }

        foreach (JsonElement key in keys.EnumerateArray())
        {
            string? hash = Text(key, "sha256");
            if (hash is not { Length: 64 } || !hash.All(char.IsAsciiHexDigitLower))
            {
                throw new InputException($"tenant '{id}': \"sha256\" of a key must be 64 lower-case hexadecimal digits (kvcluster config hash-key makes them)");
            }

            string role = Text(key, "role") ?? "user";
            yield return Roles.TryGetValue(role, out CallerRole known)
                ? (hash, known)
                : throw new InputException($"tenant '{id}': role '{role}' is none of {string.Join(", ", Roles.Keys)}");
        }
    }

    private static TenantLimits Limits(JsonElement tenant, string id) => new()
    {
        RequestsPerMinute = (int?)Number(tenant, id, "requestsPerMinute", 1, 1_000_000),
        Priority = (int?)Number(tenant, id, "priority", -100, 100) ?? 0,
        Memory = Memory(tenant, id),
    };

    private static TenantPromise Memory(JsonElement tenant, string id)
    {
        long guaranteed = Number(tenant, id, "guaranteedBytes", 0, MaxBytes) ?? 0;
        long? limit = Number(tenant, id, "limitBytes", 1, MaxBytes);
        return limit < guaranteed
            ? throw new InputException($"tenant '{id}': \"limitBytes\" {limit} is below \"guaranteedBytes\" {guaranteed}")
            : new TenantPromise(Share(tenant, id), guaranteed, limit);
    }

    private static double Share(JsonElement tenant, string id)
    {
        if (!tenant.TryGetProperty("share", out JsonElement value))
        {
            return 1;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double share) && share is >= LeastShare and <= MostShare
            ? share
            : throw new InputException($"tenant '{id}': \"share\" must be a number from {LeastShare} to {MostShare}");
    }

    private static long? Number(JsonElement tenant, string id, string field, long least, long most)
    {
        if (!tenant.TryGetProperty(field, out JsonElement value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= least && number <= most
            ? number
            : throw new InputException($"tenant '{id}': \"{field}\" must be a whole number from {least} to {most}");
    }

    private static string? Text(JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(field, out JsonElement text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()
            : null;
}
