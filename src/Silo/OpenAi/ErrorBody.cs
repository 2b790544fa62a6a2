using System.Text.Json.Serialization;

namespace KVCluster.Silo.OpenAi;

/// <summary>An error in OpenAI's shape.</summary>
internal sealed record ErrorBody(ErrorDetail Error)
{
    public static ErrorBody Of(OpenAiException e) => new(new ErrorDetail(e.Message, e.Type, e.Param, e.Code));
}

/// <summary>The error itself; param and code are written as null where there are none, as OpenAI does.</summary>
internal sealed record ErrorDetail(
    string Message,
    string Type,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Param,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Code);
