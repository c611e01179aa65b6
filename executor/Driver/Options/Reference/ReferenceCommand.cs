using System.CommandLine;

namespace PodExecutor.Driver.Options;

/// <summary><c>settings-reference DIR</c>: writes the reference of the options file. For developers, so it is hidden.</summary>
internal static class ReferenceCommand
{
    public const string Markdown = "settings.md";
    public const string Schema = "settings.schema.json";

    public const string Rights = "rights.md";

    public static Command Build()
    {
        var folder = new Argument<string>("DIR") { Description = "Where settings.md, settings.schema.json and rights.md go." };
        var command = new Command("settings-reference", "Writes the reference of options file and rights.") { folder };
        command.Hidden = true;
        command.SetAction(parse =>
        {
            var root = OptionsFile.Describe();
            File.WriteAllText(Path.Combine(parse.GetValue(folder)!, Markdown), SettingsMarkdown.Write(root));
            File.WriteAllText(Path.Combine(parse.GetValue(folder)!, Schema), SettingsSchema.Write(root));
            File.WriteAllText(Path.Combine(parse.GetValue(folder)!, Rights), Operations.Rights.RightsMarkdown.Write());
        });
        return command;
    }
}
