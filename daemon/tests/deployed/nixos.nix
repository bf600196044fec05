# Evaluates systemd/nixos/photoprismd.nix with what it uses of nixpkgs, which is not to be had here.
{ module, settings, photoprism }:

let
  lib = {
    types = {
      str = "str";
      bool = "bool";
      path = "path";
      package = "package";
      nullOr = type: type;
      attrsOf = type: type;
    };
    mkOption = option: option;
    mkEnableOption = name: { default = false; };
    mkIf = condition: value: if condition then value else { };
    optional = condition: value: if condition then [ value ] else [ ];
    optionals = condition: values: if condition then values else [ ];
    optionalAttrs = condition: values: if condition then values else { };
  };
  pkgs = {
    coreutils = "/coreutils";
    stdenvNoCC.mkDerivation = package: package // { src = toString package.src; };
  };
  options = evaluated.options.services.photoprismd;
  evaluated = import module {
    inherit lib pkgs;
    config.services.photoprism.enable = photoprism;
    config.services.photoprismd =
      builtins.mapAttrs (name: option: settings.${name} or option.default) options;
  };
in
evaluated.config // { options = builtins.attrNames options; }
