using System.Text.Json;

namespace KVCluster.Silo.OpenAi;

/// <summary>Reads what form an answer must have.</summary>
internal static class FormatFields
{
    /// <param name="format">The format object, or null.</param>
    /// <param name="flat">Whether the schema lies in the object itself, as <c>/v1/responses</c> has it, or under "json_schema".</param>
    public static (AnswerFormat Format, JsonElement? Schema) Read(RequestFields? format, bool flat)
    {
        if (format is null)
        {
            return (AnswerFormat.Text, null);
        }

        string type = format.RequiredText("type");
        switch (type)
        {
            case "text":
                format.RequireAllRead();
                return (AnswerFormat.Text, null);

            case "json_object":
                format.RequireAllRead();
                return (AnswerFormat.JsonObject, null);

            case "json_schema":
                RequestFields described = flat ? format : format.Object("json_schema") ?? throw format.Missing("json_schema");
                described.RequiredText("name");
                described.Ignore("description", "strict");
                JsonElement schema = described.Any("schema") ?? throw described.Missing("schema");
                described.RequireAllRead();
                format.RequireAllRead();
                return (AnswerFormat.JsonSchema, schema.Clone());

            default:
                throw format.Wrong("type", "\"text\", \"json_object\" or \"json_schema\"");
        }
    }
}
