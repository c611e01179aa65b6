using System.Globalization;

namespace PodExecutor.Driver.Pipelines.Files;

/// <summary>Takes simple values out of the tree and says what is wrong with those that are something else.</summary>
internal sealed class ValueReader(ProblemList problems)
{
    public ProblemList Problems => problems;

    public static bool IsAbsent(YamlEntry? entry) => entry?.Value is null or YamlScalar { IsNull: true };

    public string? Text(YamlEntry? entry)
    {
        if (IsAbsent(entry))
        {
            return null;
        }

        if (entry!.Value is YamlScalar scalar)
        {
            return scalar.Text;
        }

        problems.Error(entry.Place, $"{entry.Key}: this is {entry.Value.Kind}, it must be a text");
        return null;
    }

    public string? OneOf(YamlEntry? entry, params ReadOnlySpan<string> allowed)
    {
        var text = Text(entry);
        if (text is null || allowed.Contains(text))
        {
            return text;
        }

        problems.Error(entry!.Place, $"{entry.Key}: \"{text}\" is not one of {string.Join(", ", allowed)}");
        return null;
    }

    public bool? Flag(YamlEntry? entry)
    {
        switch (Text(entry))
        {
            case null:
                return null;
            case "true" or "True" or "TRUE" or "yes" or "on":
                return true;
            case "false" or "False" or "FALSE" or "no" or "off":
                return false;
            case var other:
                problems.Error(entry!.Place, $"{entry.Key}: \"{other}\" must be true or false");
                return null;
        }
    }

    public int? Number(YamlEntry? entry, int min, int max)
    {
        var text = Text(entry);
        if (text is null)
        {
            return null;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
        {
            return number;
        }

        problems.Error(entry!.Place, $"{entry.Key}: \"{text}\" must be a number from {min} to {max}");
        return null;
    }

    public TimeSpan? Duration(YamlEntry? entry)
    {
        var text = Text(entry);
        if (text is null)
        {
            return null;
        }

        if (HumanDuration.TryParse(text, out var duration))
        {
            return duration;
        }

        problems.Error(entry!.Place, $"{entry.Key}: \"{text}\" is not a duration. Write for example \"90 minutes\" or \"1h 30m\"");
        return null;
    }

    /// <summary>A text or a list of texts, lists in lists flattened.</summary>
    public IReadOnlyList<string>? Texts(YamlEntry? entry)
    {
        if (IsAbsent(entry))
        {
            return null;
        }

        var texts = new List<string>();
        Flatten(entry!, entry!.Value, texts);
        return texts;
    }

    /// <summary>Every key that is not among the known ones is named.</summary>
    public void Only(YamlMap map, string owner, params ReadOnlySpan<string> known)
    {
        foreach (var entry in map.Entries)
        {
            if (!known.Contains(entry.Key))
            {
                problems.Error(entry.Place, $"{owner}: {entry.Key} is not supported. Known here: {string.Join(", ", known)}");
            }
        }
    }

    private void Flatten(YamlEntry owner, YamlValue value, List<string> texts)
    {
        switch (value)
        {
            case YamlScalar scalar when !scalar.IsNull:
                texts.Add(scalar.Text);
                break;
            case YamlList list:
                foreach (var item in list.Items)
                {
                    Flatten(owner, item, texts);
                }

                break;
            case YamlMap:
                problems.Error(value.Place, $"{owner.Key}: this is a mapping, it must be a text. A \": \" inside a command needs quotes around the whole command");
                break;
            default:
                break;
        }
    }
}
