using System.Net;
using System.Text;
using System.Text.Json;

namespace KVCluster.Silo.Tests.Gateway;

/// <summary>Short ways to ask a server and to read what it says.</summary>
internal static class ServerRequests
{
    public static StringContent Body(string json) => new(json, Encoding.UTF8, "application/json");

    /// <summary>The body of an answer that must be a good one.</summary>
    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>The error of an answer that must have this status.</summary>
    public static async Task<JsonElement> ErrorAsync(this HttpResponseMessage response, HttpStatusCode status)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{response.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement.GetProperty("error");
    }
}
