using System.Text;
using KVCluster.Inference;

namespace KVCluster.Silo.Hosting;

/// <summary>Reads text a user named.</summary>
internal static class TextFiles
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text of a UTF-8 file.</summary>
    /// <exception cref="InputException">It cannot be read, is not UTF-8, or holds nothing but white space.</exception>
    public static string Read(string path, string what)
    {
        string text;
        try
        {
            text = s_strict.GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException($"{path}: the {what} is not UTF-8 text", e);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException($"{path}: there is no such {what}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new InputException($"{path}: the {what} cannot be read: {e.Message}", e);
        }

        return string.IsNullOrWhiteSpace(text) ? throw new InputException($"{path}: the {what} is empty") : text;
    }
}
