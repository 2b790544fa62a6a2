using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using KVCluster.Grains;
using KVCluster.Silo.OpenAi;

namespace KVCluster.Silo.Gateway.Files;

/// <summary>
/// A session in a file: <c>{"format":"kvcluster-session","version":1,"sha256":"…","session":{…}}</c>, the checksum over the text of
/// "session" as it stands, from brace to brace. It holds the conversation and the answers to requests sent again, so it is as secret as they.
/// </summary>
internal static class SessionFile
{
    public const string Format = "kvcluster-session";
    public const int Version = 1;

    public static byte[] Write(SessionExport export)
    {
        byte[] session = JsonSerializer.SerializeToUtf8Bytes(SessionFileBody.Of(export), SessionFileJson.Strict.SessionFileBody);
        string head = $$"""{"format":"{{Format}}","version":{{Version}},"sha256":"{{Hash(session)}}","session":""";
        return [.. Encoding.UTF8.GetBytes(head), .. session, .. "}\n"u8];
    }

    /// <exception cref="OpenAiException">It is no such file, of another version, damaged or incomplete; the message says which.</exception>
    public static SessionExport Read(ReadOnlyMemory<byte> file)
    {
        try
        {
            var fields = new RequestFields(JsonBody.Parse(file));
            if (fields.Text("format") != Format)
            {
                throw Broken($"it is no session file: \"format\" is not \"{Format}\"");
            }

            int version = fields.Count("version", 1, int.MaxValue) ?? throw fields.Missing("version");
            if (version != Version)
            {
                throw Broken($"it has version {version}; this server reads version {Version}");
            }

            string expected = fields.RequiredText("sha256");
            JsonElement session = fields.Any("session") ?? throw fields.Missing("session");
            fields.RequireAllRead();
            byte[] text = Encoding.UTF8.GetBytes(session.GetRawText());
            return Hash(text) == expected
                ? JsonSerializer.Deserialize(text, SessionFileJson.Strict.SessionFileBody)!.Export()
                : throw Broken("its checksum does not match: it was damaged or changed");
        }
        catch (JsonException e)
        {
            throw Broken(e.Message);
        }
    }

    private static string Hash(byte[] session) => Convert.ToHexStringLower(SHA256.HashData(session));

    private static OpenAiException Broken(string why) => OpenAiException.Invalid(null, $"the session file cannot be read: {why}", "invalid_session_file");
}
