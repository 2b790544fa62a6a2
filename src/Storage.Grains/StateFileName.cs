using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Orleans.Runtime;

namespace KVCluster.Storage.Grains;

/// <summary>
/// The file of a state. Any key has a name of its own that every file system takes: letters of one case, digits, <c>_</c> and <c>-</c> stay, all else is
/// written as <c>%XX</c> of its UTF-8 bytes, and what gets too long ends in a hash of the whole.
/// </summary>
internal static class StateFileName
{
    private const int LongestName = 180;

    public static string Of(string stateName, GrainId grain)
        => Path.Combine(Encode(stateName), Encode($"{grain.Type}"), Encode($"{grain.Key}") + ".json");

    private static string Encode(string text)
    {
        var name = new StringBuilder(text.Length);
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            var letter = (char)value;
            if (char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '_' or '-')
            {
                name.Append(letter);
            }
            else
            {
                name.Append(CultureInfo.InvariantCulture, $"%{value:X2}");
            }
        }

        // The tilde is in no encoded name, so a shortened one equals none that is whole.
        return name.Length <= LongestName ? name.ToString()
            : $"{name.ToString(0, LongestName - 65)}~{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";
    }
}
